/** What the lanes of a store of version 3 become, and what somebody has written to them. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../../../persistence/port/store.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { placeStoreFixture, type StoreFixture } from '../../../support/harness/fixtures.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { commitOne } from '../../contract/writes.ts';

let fixture: StoreFixture;
let store: Store;

beforeEach(() => {
  fixture = placeStoreFixture(3, tempFolder());
  store = inThreadStore(fixture.folder, keyFile(fixture.keyPath));
});
afterEach(async () => {
  await store.close();
});

const idOf = (name: string): string => fixture.operations[name]?.id ?? '';
const bytesOf = (name: string): Buffer => Buffer.from(idOf(name).replaceAll('-', ''), 'hex');

function inFile<Result>(use: (db: Database.Database) => Result): Result {
  const db = new Database(join(fixture.folder, 'data.db'));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

const rows = (): Record<string, unknown> =>
  inFile((db) =>
    Object.fromEntries(
      Object.keys(fixture.operations).map((name) => [
        name,
        db.prepare('SELECT * FROM operation WHERE id = ?').get(bytesOf(name)),
      ]),
    ),
  );

const urgencyOf = async (name: string) => (await store.find(idOf(name)))?.urgency;

test('PS-4 OP-4 the head of a lane is as urgent as the most urgent that waits behind it', async () => {
  const before = rows();
  await store.open();
  const names = ['mixedHead', 'mixedMiddle', 'mixedLast', 'evenHead', 'evenBehind'];
  expect(await Promise.all(names.map(urgencyOf))).toEqual([1, 5, 1, 4, 4]);
  await store.close();
  const { mixedHead: raised, ...others } = rows();
  const { mixedHead: head, ...othersBefore } = before;
  // Nothing else was touched.
  expect(others).toEqual(othersBefore);
  expect(raised).toEqual({ ...(head as object), urgency: 1, state: expect.any(Buffer) });
});

test('PS-4 OP-4 who becomes the head of an old lane inherits as in a new one', async () => {
  await store.open();
  const head = await store.find(idOf('mixedHead'));
  const settled = await commitOne(store, {
    kind: 'update',
    seq: head?.seq ?? 0,
    id: idOf('mixedHead'),
    urgency: 9,
    expiresAtMs: null,
    subject: null,
    revision: 2,
    standing: 'settled',
    dueAtMs: 1,
    waitsFor: 'turn',
    route: 'records',
    state: 'ended',
    leavesLane: true,
    payload: null,
  });
  expect(settled).toMatchObject({ laneNext: { id: idOf('mixedMiddle'), urgency: 1 } });
});

test('SE-4 PS-3 a rank that was edited before raises nobody', async () => {
  inFile((db) => {
    const edit = db.prepare('UPDATE operation SET urgency = ? WHERE id = ?');
    edit.run(1, bytesOf('evenBehind'));
    edit.run(8, bytesOf('mixedHead'));
  });
  await store.open();
  expect(await store.find(idOf('evenHead'))).toMatchObject({ urgency: 4, standing: 'due' });
  // Set aside when they are looked at, and not sealed with what they said.
  for (const name of ['evenBehind', 'mixedHead']) {
    expect(await store.find(idOf(name))).toMatchObject({ standing: 'quarantined' });
  }
});
