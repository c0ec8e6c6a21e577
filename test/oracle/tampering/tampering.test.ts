/**
 * Random edits of a store's files at rest, by a program that imports nothing of holdfast: nothing goes missing unseen.
 * A thousand of them: `npm run bench:tampering`.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { createSchema, tablesOf } from '../../../persistence/sqlite/schema/schema.ts';
import { fastFolder } from '../crash/record.ts';
import { Campaign, drawn, type Ending, faultOf, type Judged } from './campaign.ts';

const SEED = 1;
const CONTROLS = 2;
/** By how the last process of the store ended. */
const EDITS: readonly (readonly [Ending, number])[] = [
  ['killed', 45],
  ['closed', 15],
];

describe.each(EDITS)('SE-6 a store whose last process was %s', (ending, edits) => {
  const root = mkdtempSync(join(fastFolder(), 'store-'));
  let campaign: Promise<Campaign> | null = null;
  afterAll(async () => {
    const made = await campaign?.catch(() => null);
    await made?.end();
    rmSync(root, { recursive: true, force: true });
  });
  const lived = () => (campaign ??= Campaign.begin(root, ending));

  test('SE-6 has rows in each table of the schema, and each table and file is edited', async () => {
    const db = new Database(':memory:');
    createSchema(db);
    const tables = tablesOf(db);
    db.close();
    const { targets } = await lived();
    const withRows = targets.filter(({ rows = 0 }) => rows > 0).map(({ table }) => table);
    expect(new Set(withRows)).toEqual(new Set(tables));
    const folder = join(root, 'store');
    const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    expect(targets.map(({ file }) => file)).toEqual(expect.arrayContaining(files));
  });

  test('SE-6 control: of an untouched store nothing is told, and each effect is made once', async () => {
    const { length } = (await lived()).targets;
    expect(length).toBeGreaterThan(0);
    for (let times = 0; times < CONTROLS; times += 1) {
      const judged = await (await lived()).control();
      expect(judged.faults, faultOf(judged)).toEqual([]);
    }
  });

  test('SE-6 SE-4 CR-4 CR-3 an edit is told, crises are delivered, nothing comes of what it touched, and all else is done once', async () => {
    const judged: Judged[] = [];
    let seed = SEED;
    for (const target of drawn((await lived()).targets, SEED)) {
      const one = await (await lived()).edited(target, seed);
      seed += 1;
      if (one !== null) judged.push(one);
      if (judged.length === edits) break;
    }
    const faults = judged.filter((one) => one.faults.length > 0).map(faultOf);
    expect(faults).toEqual([]);
    expect(judged.filter(({ outcome }) => outcome === 'told').length).toBeGreaterThan(edits / 3);
  });
});
