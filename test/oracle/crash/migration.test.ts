/**
 * Power cuts while a store of an earlier version is migrated.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { placeStoreFixture, storeFixtureVersions } from '../../support/harness/fixtures.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { testSeed } from '../restart/restartPlan.ts';
import { IMAGES_A_CUT, judgeCuts, newTally } from './campaign.ts';
import { compiled } from './compiler.ts';
import { readImage } from './crashImage.ts';
import type { Acknowledgement } from './crashWork.ts';
import { type EarlierLife, record, STORE, type Variant } from './record.ts';

const seed = testSeed();
const CUTS = 40;

beforeAll(() => {
  compiled('recorder.c');
});

/** A store of an earlier version, whose operations were accepted, but for what it has set aside. */
async function leftBy(version: number): Promise<EarlierLife> {
  const { folder, operations } = placeStoreFixture(version, tempFolder());
  const files = ['data.db', 'keyring.json'];
  const image = new Map(
    files.map((name) => [`${STORE}/${name}`, readFileSync(join(folder, name))]),
  );
  const { rows, unsound } = await readImage(folder);
  expect(unsound).toEqual([]);
  const readable = new Set(rows.map(({ row }) => row.id));
  const accepted = Object.entries(operations)
    .filter(([, { id }]) => readable.has(id))
    .map(([key, { id }]): Acknowledgement => ({ event: 'accepted', key, id }));
  const applied = rows
    .filter(({ context }) => context.ending === 'completed')
    .map(({ row, context }): Acknowledgement => {
      return { event: 'applied', key: context.idempotencyKey, number: row.seq };
    });
  const said = [...accepted, ...applied];
  return { image, said, accepted: [], unreported: [], effects: [] };
}

async function cutWhileItOpens(version: number, variant: Variant) {
  const recording = await record({
    variant,
    work: { seed, operations: 0, crises: 0, life: 1 },
    checkpointPages: null,
    earlier: await leftBy(version),
  });
  const tally = newTally();
  await judgeCuts(recording, CUTS, seed, tally);
  return tally;
}

describe.each(storeFixtureVersions())('a store of version %i', (version) => {
  test('PS-4 a migration that the power is cut under is made again or was made, and loses nothing', async () => {
    const { findings, images } = await cutWhileItOpens(version, 'full');
    expect(findings, `seed ${seed}`).toEqual([]);
    expect(images).toBe(CUTS * IMAGES_A_CUT);
  });

  test('PS-4 control: without syncs the same cuts catch it', async () => {
    const { broken } = await cutWhileItOpens(version, 'off');
    expect(broken, `seed ${seed}`).toBeGreaterThan(0);
  });
});
