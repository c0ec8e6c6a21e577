/** Kept records and new payloads on a disk that fails: nothing is lost, and nothing is half there. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../../persistence/port/store.ts';
import { keep, keysOf } from '../../contract/kept.ts';
import { inThreadStore, temporaryFolder, threadedStore } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, update } from '../../contract/writes.ts';

const A = { room: 'entity', key: 'a' } as const;
const LARGE = 'x'.repeat(3_000);

let folder: string;
let remove: () => Promise<void>;
let store: Store;

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
});
afterEach(async () => {
  await store.close();
  await remove();
});

async function opened(make = inThreadStore): Promise<Store> {
  store = make(folder);
  await store.open();
  return store;
}

/** A page of the file that a statement of dbstat names becomes unreadable, as on a bad disk. */
async function spoil(where: string): Promise<void> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  const page = db
    .prepare<[], { pageno: number; pgsize: number }>(
      `SELECT pageno, pgsize FROM dbstat WHERE ${where} ORDER BY path LIMIT 1`,
    )
    .get();
  db.close();
  if (page === undefined) throw new Error('The table fits on one page; put in more rows.');
  const descriptor = openSync(join(folder, 'data.db'), 'r+');
  const at = (page.pageno - 1) * page.pgsize;
  writeSync(descriptor, Buffer.alloc(page.pgsize, 0xee), 0, page.pgsize, at);
  closeSync(descriptor);
  await opened();
}

describe.each([
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
])('while another program locks the file, %s', (_, make) => {
  test('PS-6 CF-8 what was refused changed nothing, and is done with all that belongs to it once it lets go', async () => {
    await opened(make);
    await store.commit([accept(1, { payload: LARGE }), keep('a')]);
    const other = new Database(join(folder, 'data.db'));
    other.exec('BEGIN IMMEDIATE');
    const writes = [
      update(1, { payload: LARGE, newPayload: 'new' }),
      keep('a', { revision: 1, text: 'new', also: [{ room: 'conflict', key: 'c', text: '' }] }),
    ];
    await expect(store.commit(writes)).rejects.toMatchObject({ code: 'HF_STORE_LOCKED' });
    expect(await store.find(idOf(1))).toMatchObject({ revision: 1, payload: LARGE });
    expect(await store.kept(A)).toMatchObject({ revision: 1 });
    other.close();
    expect(await store.commit(writes)).toMatchObject([
      { kind: 'updated' },
      { kind: 'kept', revision: 2 },
    ]);
    expect(await store.find(idOf(1))).toMatchObject({ revision: 2, payload: 'new' });
    expect(await store.keptCounts()).toMatchObject({ conflict: 1 });
  });
});

describe('a damaged page of kept records', () => {
  const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`);
  const first = { room: 'entity', key: 'key 0' } as const;

  beforeEach(async () => {
    await opened();
    await store.commit(keys.map((key) => keep(key, { keepUntilMs: 5 })));
    await store.commit([accept(1), keep('c', { room: 'conflict', isOpen: true })]);
    await spoil("name = 'kept' AND pagetype = 'leaf'");
  });

  test('PS-3 PS-6 makes those on it unreadable, and all others are found, listed and written', async () => {
    expect(await store.kept(first)).toEqual({ unreadable: 'HF_STORE_CORRUPT' });
    const last = { room: 'entity', key: 'key 59' } as const;
    expect(await store.kept(last)).toMatchObject({ revision: 1 });
    const page = await store.keptPage({ room: 'entity', order: 'oldest', fromSeq: 0, limit: 99 });
    expect(page.rows).toHaveLength(60);
    expect(page.rows[0]).toEqual({ unreadable: 'HF_STORE_CORRUPT', seq: 1 });
    expect(page.rows.at(-1)).toMatchObject({ key: 'key 59' });
    const results = await Promise.allSettled([
      store.commit([keep('key 0')]),
      store.commit([keep('key 59')]),
      store.commit([update(1)]),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'HF_STORE_CORRUPT', retry: 'never' } },
      { status: 'fulfilled', value: [{ kind: 'kept', revision: 2 }] },
      { status: 'fulfilled' },
    ]);
    expect(await keysOf(store, { room: 'conflict', isOpen: true })).toEqual(['c']);
  });

  test('PS-5 is refused to a purge, and to no other write beside it', async () => {
    const results = await Promise.allSettled([
      store.commit([{ kind: 'purgeKept', nowMs: 9, limit: 99 }]),
      store.commit([{ kind: 'purgeSettled', nowMs: 9, limit: 9 }, accept(2)]),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'HF_STORE_CORRUPT' } },
      { status: 'fulfilled' },
    ]);
    expect(await store.find(idOf(2))).not.toBeNull();
  });
});

test('PS-3 PS-5 a record part of which is on a damaged page fails a purge once and is passed over by the next', async () => {
  await opened();
  const large = keep('large', { text: 'x'.repeat(50_000), keepUntilMs: 1 });
  await store.commit([large, keep('b', { keepUntilMs: 2 }), keep('c', { keepUntilMs: 50 })]);
  await spoil("name = 'kept' AND pagetype = 'overflow'");
  const purge = { kind: 'purgeKept', nowMs: 9, limit: 99 } as const;
  // SQLite writes nothing more in a transaction that has met such a page.
  await expect(store.commit([purge])).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
  for (const count of [1, 0]) {
    expect(await commitOne(store, purge)).toEqual({ kind: 'purgedKept', count, nextDueAtMs: 50 });
  }
  expect(await keysOf(store, { room: 'entity' })).toEqual([
    expect.stringMatching(/^HF_STORE_CORRUPT$|^HF_RECORD_/),
    'c',
  ]);
});
