/** A store of version 4 gets room for crisis plans, and nothing else of it is touched. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import type { Store } from '../../../../persistence/port/store.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { checkStore } from '../../../../persistence/upkeep/survey.ts';
import { placeStoreFixture, type StoreFixture } from '../../../support/harness/fixtures.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';

let fixture: StoreFixture;
let store: Store;

beforeEach(() => {
  fixture = placeStoreFixture(4, tempFolder());
  store = inThreadStore(fixture.folder, keyFile(fixture.keyPath));
});
afterEach(async () => {
  await store.close();
});

function rowsOf(table: string): unknown[] {
  const db = new Database(join(fixture.folder, 'data.db'), { readonly: true });
  try {
    return db.prepare(`SELECT * FROM ${table}`).all();
  } finally {
    db.close();
  }
}

test('PS-4 CR-3 a store of version 4 can keep crisis plans, and its records are as they were', async () => {
  const tables = ['operation', 'payload', 'component', 'quarantine', 'tally'];
  const before = tables.map(rowsOf);
  const { crisisPlans, migration } = await store.open();
  expect(migration?.fromVersion).toBe(4);
  expect(crisisPlans).toEqual({ pinned: [], unreadable: [], isEmpty: true });
  expect(tables.map(rowsOf)).toEqual(before);
  expect(rowsOf('crisis_plan')).toEqual([]);

  await store.commit([{ kind: 'crisisPlan', subject: 'user-1', plan: 'plan', isPinned: true }]);
  await store.close();
  expect((await store.open()).crisisPlans.pinned).toHaveLength(1);
});

test.each([
  [3, 4],
  [4, 4],
])(
  'PS-5 a store of version %i is checked as it is, before it is brought up to date',
  async (version) => {
    fixture = placeStoreFixture(version, tempFolder());
    const check = await checkStore(fixture.folder, keyFile(fixture.keyPath), {
      clock: systemClock,
    });
    expect(check).toMatchObject({ schemaVersion: version, faults: [] });
    // What was quarantined is known to be unreadable. In a state of version 2 nothing of version 3 is found.
    expect(check).toMatchObject({ recordsOpened: 27, unreadableCount: 0 });
  },
);
