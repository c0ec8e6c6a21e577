/** Tags in the file: what they look like there, and what an entry that somebody changed does. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept, idOf } from '../../contract/writes.ts';

test('OP-12 SE-1 an entry is a keyed fingerprint, goes with its row, and harms no row where it was edited', async () => {
  const folder = join(tempFolder(), 'store');
  const store = inThreadStore(folder);
  await store.open();
  await store.commit([accept(1, { tags: ['vip'] }), accept(2), accept(3, { tags: ['vip'] })]);
  const found = async () => {
    const query = { tag: 'vip', order: 'oldest', fromSeq: 0, limit: 9 } as const;
    return (await store.search(query)).rows.map(({ seq, state }) => [seq, state]);
  };
  const inFile = async <Value>(use: (db: Database.Database) => Value): Promise<Value> => {
    await store.close();
    const db = new Database(join(folder, 'data.db'));
    const value = use(db);
    db.close();
    await store.open();
    return value;
  };
  const entries = await inFile((db) => db.prepare('SELECT tag, seq FROM tagged').all());
  expect(entries).toMatchObject([{ seq: 1 }, { seq: 3 }]);
  expect((entries as { tag: Buffer }[]).map(({ tag }) => tag.length)).toEqual([16, 16]);
  // One more for another row, one for a row that is not there, one taken away.
  await inFile((db) => {
    db.exec('INSERT INTO tagged SELECT tag, 2 FROM tagged WHERE seq = 1');
    db.exec('INSERT INTO tagged SELECT tag, 99 FROM tagged WHERE seq = 1');
    db.exec('DELETE FROM tagged WHERE seq = 3');
  });
  expect(await found()).toEqual([
    [1, 'state 1.1'],
    [2, 'state 2.1'],
  ]);
  expect(await store.find(idOf(3))).toMatchObject({ standing: 'inHand', state: 'state 3.1' });
  await store.commit([{ kind: 'withdraw', seq: 1, id: idOf(1) }]);
  const left = await inFile((db) => db.prepare('SELECT seq FROM tagged').pluck().all());
  expect(left).toEqual([2, 99]);
  // Whose number comes to be given has that tag already.
  await store.commit([accept(99, { tags: ['vip', 'new'] })]);
  expect(await found()).toEqual([
    [2, 'state 2.1'],
    [99, 'state 99.1'],
  ]);
  await store.close();
});
