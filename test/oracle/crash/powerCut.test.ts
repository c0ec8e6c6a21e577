/**
 * Power cuts under a real file system, with a planted bug as control.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { testSeed } from '../restart/restartPlan.ts';
import { cutPower, whyNoPowerCut } from './powerCut.ts';
import type { Variant } from './record.ts';

const seed = testSeed();
const random = seededRandom(seed);
const CUTS = 3;
/** NORMAL loses nothing where the system has just written by itself; it may take more than one cut. */
const CONTROL_CUTS = 8;

const missing = whyNoPowerCut();
const title = missing === null ? '' : ` (not here: ${missing})`;

async function cut(variant: Variant, goesOn: boolean): Promise<readonly string[]> {
  const work = { seed: random.below(1_000_000), operations: 1_500, crises: 20, life: 0 };
  const { promises, breaches } = await cutPower(variant, work, 300 + random.below(900), goesOn);
  expect(promises, `seed ${seed}: nothing was promised before the cut`).toBeGreaterThan(0);
  return breaches;
}

test.skipIf(missing !== null)(
  `OP-2 PS-1 PS-2 the power is cut under a real file system, and every promise is kept${title}`,
  async () => {
    for (let i = 0; i < CUTS; i += 1)
      expect(await cut('full', i === 0), `seed ${seed}`).toEqual([]);
  },
);

test.skipIf(missing !== null)(
  `OP-2 PS-1 control: with synchronous NORMAL the same cut loses what was accepted${title}`,
  async () => {
    let breaches: readonly string[] = [];
    for (let i = 0; i < CONTROL_CUTS && breaches.length === 0; i += 1) {
      breaches = await cut('normal', false);
    }
    expect(breaches, `seed ${seed}`).toContainEqual(expect.stringMatching(/^lost: /));
  },
);
