import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../../../persistence/port/store.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore, threadedStore } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, update } from '../../contract/writes.ts';

const makers = [
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
] as const;

const PAGE_BYTES = 4_096;
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/**
 * A folder as a power cut could leave it amid the folding of a WAL whose frames were not on the disk:
 * half of what a transaction changed is in the database, and the WAL has a hole.
 */
async function halfFolded(): Promise<string> {
  const live = join(tempFolder(), 'store');
  const data = join(live, 'data.db');
  const store = inThreadStore(live);
  await store.open();
  await store.commit(range(1, 200).map((seq) => accept(seq)));
  await store.close();
  const before = readFileSync(data);
  await store.open();
  await store.commit(range(1, 200).map((seq) => update(seq, { standing: 'settled' })));
  await store.commit(range(200, 400).map((seq) => accept(seq)));
  await store.close();
  const half = readFileSync(data);
  for (let at = PAGE_BYTES; at < before.length; at += 2 * PAGE_BYTES) {
    before.copy(half, at, at, at + PAGE_BYTES);
  }
  const folder = join(tempFolder(), 'half');
  mkdirSync(folder, { mode: 0o700 });
  copyFileSync(join(live, 'keyring.json'), join(folder, 'keyring.json'));
  writeFileSync(join(folder, 'data.db'), half, { mode: 0o600 });
  writeFileSync(join(folder, 'data.db-wal'), Buffer.alloc(5 * PAGE_BYTES), { mode: 0o600 });
  return folder;
}

test.each(makers)(
  'PS-6 a store that a power cut left half folded is not taken for a sound one, %s',
  async (_, make) => {
    const folder = await halfFolded();
    const before = readFileSync(join(folder, 'data.db'));
    await expect(make(folder).open()).rejects.toMatchObject({
      code: 'HF_STORE_CORRUPT',
      path: join(folder, 'data.db'),
      message: expect.stringContaining('restore a backup'),
    });
    expect(readFileSync(join(folder, 'data.db')).equals(before)).toBe(true);
  },
);

describe.each(makers)('SE-4 PS-6 a schema that is changed under an open store, %s', (_, make) => {
  async function opened(): Promise<{ store: Store; sql: (text: string) => void }> {
    const folder = join(tempFolder(), 'store');
    const store = make(folder);
    await store.open();
    await store.commit([accept(1)]);
    const sql = (text: string): void => {
      const db = new Database(join(folder, 'data.db'));
      db.exec(text);
      db.close();
    };
    return { store, sql };
  }

  test.each([
    [
      'a trigger that deletes what is accepted',
      'CREATE TRIGGER planted AFTER INSERT ON operation BEGIN DELETE FROM operation WHERE seq = NEW.seq; END',
      'DROP TRIGGER planted',
    ],
    ['a view', 'CREATE VIEW planted AS SELECT 1', 'DROP VIEW planted'],
    ['an index', 'CREATE INDEX planted ON operation (state)', 'DROP INDEX planted'],
  ])(
    'SE-4 PS-6 %s: nothing is acknowledged until it is gone, and then work goes on',
    async (__, plant, undo) => {
      const { store, sql } = await opened();
      sql(plant);
      for (const attempt of [1, 2]) {
        await expect(store.commit([accept(2)]), `attempt ${attempt}`).rejects.toMatchObject({
          code: 'HF_STORE_FOREIGN',
        });
      }
      sql(undo);
      expect(await commitOne(store, accept(2))).toMatchObject({ kind: 'accepted' });
      expect(await store.find(idOf(2))).toMatchObject({ payload: 'payload 2' });
      await store.close();
    },
  );
});
