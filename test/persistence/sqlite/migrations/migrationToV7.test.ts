/** A store of version 6 gets room for kept records, and nothing else of it is touched. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { checkStore } from '../../../../persistence/upkeep/survey.ts';
import { placeStoreFixture } from '../../../support/harness/fixtures.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { keep } from '../../contract/kept.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';

test('PS-4 CF-8 a store of version 6 can keep records, and those that it has are as they were', async () => {
  const { folder, keyPath } = placeStoreFixture(6, tempFolder());
  const rowsOf = (table: string): unknown[] => {
    const db = new Database(join(folder, 'data.db'), { readonly: true });
    try {
      return db.prepare(`SELECT * FROM ${table}`).all();
    } finally {
      db.close();
    }
  };
  const numbersOf = (sql: string): unknown[] => {
    const db = new Database(join(folder, 'data.db'), { readonly: true });
    try {
      return db.prepare(sql).pluck().all();
    } finally {
      db.close();
    }
  };
  const look = () => checkStore(folder, keyFile(keyPath), { clock: systemClock });
  const check = await look();
  expect(check).toMatchObject({ schemaVersion: 6, faults: [], unreadableCount: 0 });
  const tables = ['operation', 'payload', 'component', 'crisis_plan', 'quarantine', 'tally'];
  const before = [...tables, 'tagged'].map(rowsOf);
  expect(rowsOf('tagged')).toHaveLength(1);

  const store = inThreadStore(folder, keyFile(keyPath));
  expect((await store.open()).migration?.fromVersion).toBe(6);
  expect([...tables, 'tagged'].map(rowsOf)).toEqual(before);
  expect(rowsOf('kept')).toEqual([]);
  // What waits is counted as it is found.
  const waiting = 'SELECT count(*) FROM operation WHERE standing IN (2, 3)';
  const waits = (await store.waitingCounts({ groups: [] })).reduce(
    (sum, { count }) => sum + count,
    0,
  );
  expect([waits]).toEqual(numbersOf(waiting));
  expect(waits).toBeGreaterThan(0);
  const all = { order: 'newest', fromSeq: Number.MAX_SAFE_INTEGER, limit: 9 } as const;
  expect((await store.search({ ...all, tag: 'vip' })).rows).toHaveLength(1);

  await store.commit([keep('a'), keep('b', { room: 'conflict', isOpen: true })]);
  await store.close();
  await store.open();
  expect(await store.keptCounts()).toEqual({ entity: 1, conflict: 1, openConflicts: 1 });
  expect(await store.kept({ room: 'entity', key: 'a' })).toMatchObject({ revision: 1 });
  await store.close();
  expect(await look()).toMatchObject({
    schemaVersion: 7,
    faults: [],
    unreadableCount: 0,
    recordsOpened: check.recordsOpened + 2,
  });
});
