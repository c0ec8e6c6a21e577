/** What a store of version 2 that somebody has written to becomes, and what was set aside in it. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Hold } from '../../../../persistence/port/hold.ts';
import type { Store } from '../../../../persistence/port/store.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { placeStoreFixture, type StoreFixture } from '../../../support/harness/fixtures.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { commitOne } from '../../contract/writes.ts';

let fixture: StoreFixture;
let store: Store;

beforeEach(() => {
  fixture = placeStoreFixture(2, tempFolder());
  store = inThreadStore(fixture.folder, keyFile(fixture.keyPath));
});
afterEach(async () => {
  await store.close();
});

function edit(sql: string): void {
  const db = new Database(join(fixture.folder, 'data.db'));
  db.exec(sql);
  db.close();
}

const idOf = (name: string): string => fixture.operations[name]?.id ?? '';
const bytesOf = (name: string): string => `x'${idOf(name).replaceAll('-', '')}'`;
const held = async (): Promise<Hold | null> => (await store.open()).hold;

test('PS-4 SE-4 an operation whose payload was deleted before is set aside, not migrated', async () => {
  edit(
    `DELETE FROM payload WHERE seq = (SELECT seq FROM operation WHERE id = ${bytesOf('largeWaiting')})`,
  );
  await store.open();
  expect(await store.find(idOf('largeWaiting'))).toMatchObject({ standing: 'quarantined' });
  expect(await store.find(idOf('largeDeadLetter'))).toMatchObject({ standing: 'deadLettered' });
});

test('PS-4 PS-3 an operation whose number was edited to less than any is migrated with the others', async () => {
  edit(`UPDATE operation SET seq = -5 WHERE id = ${bytesOf('largeWaiting')}`);
  await store.open();
  expect(await store.find(idOf('largeWaiting'))).toMatchObject({ standing: 'quarantined' });
});

test('PS-4 PS-3 what was set aside and opens all the same can be put back where it stood', async () => {
  await store.open();
  const [record] = await store.quarantine({ afterSeq: 0, limit: 9 });
  expect(record).toMatchObject({
    id: idOf('aside'),
    code: 'HF_RECORD_UNSUPPORTED',
    stood: 'due',
    opensNot: null,
  });
  const { seq = 0, revision = 0 } = record ?? {};
  const toSeq = store.nextSeq();
  const released = await commitOne(store, {
    kind: 'reinstate',
    seq,
    id: idOf('aside'),
    revision,
    toSeq,
  });
  expect(released).toMatchObject({ kind: 'reinstated', operation: { standing: 'due' } });
  expect((await store.find(idOf('aside')))?.payload).toContain('large');
});

describe('PS-5 SE-4 a store is held after the migration', () => {
  test('as the copy that it is', async () => {
    expect(await held()).toMatchObject({ reason: 'copied' });
  });

  test('where nothing says any more who had it', async () => {
    edit('DELETE FROM component');
    expect(await held()).toMatchObject({ reason: 'unreadable' });
  });

  test('where that was changed', async () => {
    edit('UPDATE component SET revision = 99');
    expect(await held()).toMatchObject({ reason: 'unreadable' });
  });

  test('control: but not one of version 1, which did not say', async () => {
    fixture = placeStoreFixture(1, tempFolder());
    store = inThreadStore(fixture.folder, keyFile(fixture.keyPath));
    expect(await held()).toBeNull();
  });
});
