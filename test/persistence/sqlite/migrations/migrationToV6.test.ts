/** A store of version 5 gets room for tags, and nothing else of it is touched. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { checkStore } from '../../../../persistence/upkeep/survey.ts';
import { placeStoreFixture } from '../../../support/harness/fixtures.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept } from '../../contract/writes.ts';

test('PS-4 OP-12 a store of version 5 can keep tags, and its records are as they were', async () => {
  const { folder, keyPath } = placeStoreFixture(5, tempFolder());
  const rowsOf = (table: string): unknown[] => {
    const db = new Database(join(folder, 'data.db'), { readonly: true });
    try {
      return db.prepare(`SELECT * FROM ${table}`).all();
    } finally {
      db.close();
    }
  };
  const check = await checkStore(folder, keyFile(keyPath), { clock: systemClock });
  expect(check).toMatchObject({ schemaVersion: 5, faults: [], unreadableCount: 0 });
  const tables = ['operation', 'payload', 'component', 'crisis_plan', 'quarantine', 'tally'];
  const before = tables.map(rowsOf);
  const store = inThreadStore(folder, keyFile(keyPath));
  const { crisisPlans, migration } = await store.open();
  expect(migration?.fromVersion).toBe(5);
  expect(crisisPlans.pinned).toHaveLength(1);
  expect(tables.map(rowsOf)).toEqual(before);
  expect(rowsOf('tagged')).toEqual([]);

  const seq = store.nextSeq();
  await store.commit([accept(seq, { tags: ['vip'] })]);
  await store.close();
  await store.open();
  const found = await store.search({
    tag: 'vip',
    order: 'newest',
    fromSeq: Number.MAX_SAFE_INTEGER,
    limit: 9,
  });
  expect(found.rows.map((row) => row.seq)).toEqual([seq]);
  await store.close();
});
