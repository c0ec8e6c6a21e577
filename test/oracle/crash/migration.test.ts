/**
 * Power cuts while an older store is migrated.
 *
 * @module
 */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeOlder } from '../../support/store/olderStore.ts';
import { testSeed } from '../restart/restartPlan.ts';
import { earlierLife, IMAGES_A_CUT, judgeCuts, newTally } from './campaign.ts';
import { compiled } from './compiler.ts';
import { readImage } from './crashImage.ts';
import { type EarlierLife, fastFolder, record, STORE, type Variant, writeImage } from './record.ts';

const seed = testSeed();
const CUTS = 40;
let older: EarlierLife;

beforeAll(async () => {
  compiled('recorder.c');
  older = await leftByOlder();
});

/** Makes an older store in the midst of its work. */
async function leftByOlder(): Promise<EarlierLife> {
  const work = { seed, operations: 60, crises: 4, life: 0 };
  const first = await record({ variant: 'full', work, checkpointPages: null, earlier: null });
  const life = earlierLife(first, seed);
  const root = fastFolder();
  writeImage(life.image, root);
  const folder = join(root, STORE);
  const { unsound } = await readImage(folder);
  expect(unsound).toEqual([]);
  makeOlder(folder);
  const files = ['data.db', 'keyring.json'];
  const image = new Map(
    files.map((name) => [`${STORE}/${name}`, readFileSync(join(folder, name))]),
  );
  rmSync(root, { recursive: true, force: true });
  return { ...life, image, accepted: [], unreported: [] };
}

async function cutWhileItOpens(variant: Variant) {
  const recording = await record({
    variant,
    work: { seed, operations: 0, crises: 0, life: 1 },
    checkpointPages: null,
    earlier: older,
  });
  const tally = newTally();
  await judgeCuts(recording, CUTS, seed, tally);
  return tally;
}

test('PS-4 a migration that the power is cut under is made again or was made, and loses nothing', async () => {
  const { findings, images } = await cutWhileItOpens('full');
  expect(findings, `seed ${seed}`).toEqual([]);
  expect(images).toBe(CUTS * IMAGES_A_CUT);
});

test('PS-4 control: without syncs the same cuts catch it', async () => {
  const { broken } = await cutWhileItOpens('off');
  expect(broken, `seed ${seed}`).toBeGreaterThan(0);
});
