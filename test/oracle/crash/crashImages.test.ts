/**
 * Power cuts rebuilt from recordings of the real process, with planted bugs as controls.
 *
 * @module
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { testSeed } from '../restart/restartPlan.ts';
import {
  earlierLife,
  IMAGES_A_CUT,
  judgeCuts,
  newTally,
  resumeCuts,
  type Tally,
} from './campaign.ts';
import { compiled } from './compiler.ts';
import { type Recording, record, type Variant } from './record.ts';

const seed = testSeed();
const CUTS = 60;
const RESUMES = 8;
const CONTROL_CUTS = 40;
const OPERATIONS = 160;

/** Count in the tally that each control must raise. */
const CONTROLS: readonly (readonly [Variant, (tally: Tally) => number])[] = [
  ['normal', ({ acceptsLost }) => acceptsLost],
  ['off', ({ acceptsLost }) => acceptsLost],
  ['acknowledgedEarly', ({ acceptsLost }) => acceptsLost],
  ['effectEarly', ({ unordered }) => unordered],
];

beforeAll(() => {
  compiled('recorder.c');
});

async function recorded(
  variant: Variant,
  more: Partial<Recording['options']> = {},
  itsSeed = seed,
): Promise<Recording> {
  return await record({
    variant,
    work: { seed: itsSeed, operations: OPERATIONS, crises: 8, life: 0 },
    checkpointPages: 80,
    earlier: null,
    ...more,
  });
}

describe('as it ships', () => {
  let first: Recording;
  let second: Recording;

  beforeAll(async () => {
    first = await recorded('full');
    second = await recorded('full', {
      work: { seed, operations: OPERATIONS, crises: 8, life: 1 },
      earlier: earlierLife(first, seed),
    });
  });

  test('OP-2 PS-1 PS-2 PS-4 whatever a power cut leaves, every promise is kept', async () => {
    const tally = newTally();
    await judgeCuts(first, CUTS, seed, tally);
    expect(tally.findings, `seed ${seed}`).toEqual([]);
    expect(tally.images).toBe(CUTS * IMAGES_A_CUT);
  });

  test('OP-2 PS-1 PS-2 so it is when the power is cut again while it starts and goes on', async () => {
    const tally = newTally();
    await judgeCuts(second, CUTS, seed + 1, tally);
    expect(tally.findings, `seed ${seed}`).toEqual([]);
    expect(tally.images).toBe(CUTS * IMAGES_A_CUT);
  });

  test('OP-2 OP-3 RT-4 SV-3 the runtime goes on from it, and the upstream applies nothing twice', async () => {
    const tally = newTally();
    await resumeCuts(first, RESUMES, seed + 2, tally);
    await resumeCuts(second, RESUMES, seed + 3, tally);
    expect(tally.findings, `seed ${seed}`).toEqual([]);
    expect(tally.images).toBe(RESUMES * 2);
  });
});

describe('where syncs fail', () => {
  const failingSyncs = { aRound: 40, failing: 8 };

  test.each([
    ['beside a reader', true],
    ['without a reader', false],
  ])(
    'OP-2 PS-1 PS-6 %s what a failed sync lost is in no image half, and every promise is kept',
    async (_, hasReader) => {
      const tally = newTally();
      await judgeCuts(await recorded('full', { failingSyncs, hasReader }), CUTS, seed, tally);
      expect(tally.findings, `seed ${seed}`).toEqual([]);
      expect(tally.images).toBe(CUTS * IMAGES_A_CUT);
    },
  );

  test('OP-2 PS-1 PS-6 control: without the repair of the WAL some images are damaged', async () => {
    const tally = newTally();
    for (let tries = 0; tries < 4 && tally.notOpened === 0; tries += 1) {
      const more = { failingSyncs, hasReader: false };
      const recording = await recorded('leavesWal', more, seed + tries);
      await judgeCuts(recording, CUTS * 2, seed + tries, tally);
    }
    expect(tally.notOpened, `seed ${seed}`).toBeGreaterThan(0);
  });
});

describe.each(CONTROLS)('%s', (variant, breaches) => {
  test('OP-2 PS-1 PS-2 control: the same cuts catch the planted bug', async () => {
    const tally = newTally();
    // A busy machine may run so little at once that one recording gives the bug no chance.
    for (let tries = 0; tries < 4 && breaches(tally) === 0; tries += 1) {
      const recording = await recorded(variant, { checkpointPages: null }, seed + tries);
      await judgeCuts(recording, CONTROL_CUTS, seed + tries, tally);
    }
    expect(breaches(tally), `seed ${seed}`).toBeGreaterThan(0);
  });
});
