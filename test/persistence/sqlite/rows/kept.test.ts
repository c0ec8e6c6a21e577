/** Kept records in the file: what is bound into their seals, and what becomes of a broken one. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../../persistence/port/store.ts';
import { keep, keysOf } from '../../contract/kept.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, commitOne } from '../../contract/writes.ts';

const A = { room: 'entity', key: 'user-1' } as const;
const CONFLICT = { room: 'conflict' } as const;
const OPEN = { ...CONFLICT, isOpen: true } as const;

let folder: string;
let remove: () => Promise<void>;
let store: Store;

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  store = inThreadStore(folder);
  await store.open();
  await store.commit([
    keep('user-1', { text: 'secret of user-1', subject: 'user-1', keepUntilMs: 50 }),
    keep('user-2', { text: 'secret of user-2' }),
    keep('user-1', { ...OPEN, text: 'secret of user-1' }),
  ]);
});
afterEach(async () => {
  await store.close();
  await remove();
});

async function inFile<Result>(use: (db: Database.Database) => Result): Promise<Result> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  try {
    return use(db);
  } finally {
    db.close();
    store = inThreadStore(folder);
    await store.open();
  }
}

/** Changes the row of the first entity behind the store's back. */
async function tamper(change: string): Promise<void> {
  await inFile((db) => db.exec(`UPDATE kept SET ${change} WHERE seq = 1`));
}

const BEYOND = '9007199254740993';

describe('SE-4 a record that was changed in the file does not open', () => {
  test.each([
    ['its revision', 'revision = 9', 'HF_RECORD_TAMPERED'],
    ['a revision beyond counting', `revision = ${BEYOND}`, 'HF_RECORD_TAMPERED'],
    ['its key id', 'key_id = 7', 'HF_RECORD_TAMPERED'],
    ['whether it is open', 'is_open = 1', 'HF_RECORD_TAMPERED'],
    ['whom it is about', "subject = x'00112233445566778899aabbccddeeff'", 'HF_RECORD_TAMPERED'],
    ['that it is about somebody', 'subject = NULL', 'HF_RECORD_TAMPERED'],
    ['when it ends', 'keep_until = 49', 'HF_RECORD_TAMPERED'],
    ['that it ends', 'keep_until = NULL', 'HF_RECORD_TAMPERED'],
    ['its number', 'seq = 77', 'HF_RECORD_TAMPERED'],
    ['its text', "state = x'00'", 'HF_RECORD_MALFORMED'],
    ['the text of another', 'state = (SELECT state FROM kept WHERE seq = 2)', 'HF_RECORD_TAMPERED'],
  ])('SE-4 %s', async (_, change, code) => {
    await tamper(change);
    expect(await store.kept(A)).toEqual({ unreadable: code });
    expect((await keysOf(store, { room: 'entity' })).toSorted()).toEqual([code, 'user-2']);
    // Nobody else is harmed.
    expect(await store.kept({ ...A, key: 'user-2' })).toMatchObject({ text: 'secret of user-2' });
  });

  test('SE-4 neither does one that was given the key of another, or put into another room', async () => {
    await tamper("key = x'00112233445566778899aabbccddeeff'");
    expect(await store.kept(A)).toEqual({ unreadable: 'HF_RECORD_MISSING' });
    expect(await keysOf(store, { room: 'entity' })).toEqual(['HF_RECORD_TAMPERED', 'user-2']);
    await inFile((db) => db.exec('UPDATE kept SET room = 1 WHERE seq = 2'));
    expect(await keysOf(store, CONFLICT)).toEqual(['HF_RECORD_TAMPERED', 'user-1']);
    await inFile((db) => db.exec('UPDATE kept SET room = 2 WHERE seq = 2'));
    expect(await keysOf(store, CONFLICT)).toEqual(['user-1']);
  });

  test('SE-4 a number beyond what can be told apart makes no page go on for ever', async () => {
    await tamper(`seq = ${BEYOND}`);
    for (const [order, fromSeq] of [
      ['oldest', 0],
      ['newest', Number.MAX_SAFE_INTEGER],
    ] as const) {
      const page = await store.keptPage({ room: 'entity', order, fromSeq, limit: 9 });
      expect(page).toMatchObject({ rows: [{ key: 'user-2' }], nextSeq: null });
    }
    expect(await commitOne(store, { kind: 'purgeKept', nowMs: 99, limit: 9 })).toMatchObject({
      count: 0,
    });
    expect(await commitOne(store, keep('user-1', { revision: 0 }))).toMatchObject({ revision: 1 });
    expect(await store.kept(A)).toMatchObject({ seq: 4, text: 'text of user-1 ☃' });
  });

  test('control: as it was written it opens', async () => {
    await tamper('state = state');
    expect(await store.kept(A)).toMatchObject({ text: 'secret of user-1', keepUntilMs: 50 });
  });
});

describe('PS-3 a record that can not be opened stands in nobody’s way', () => {
  beforeEach(() => tamper('is_open = 1'));

  test.each([
    ['whatever is there', undefined],
    ['if nothing is', 0],
  ])(
    'PS-3 the next write takes its place that is made %s, and is a record of its own',
    async (_, revision) => {
      expect(await commitOne(store, keep('user-1', { revision }))).toEqual({
        kind: 'kept',
        revision: 1,
      });
      const expected = { text: 'text of user-1 ☃', isOpen: false, revision: 1, seq: 4 };
      expect(await store.kept(A)).toMatchObject(expected);
      expect(await keysOf(store, { room: 'entity' })).toEqual(['user-2', 'user-1']);
    },
  );

  test('PS-3 a write on a condition that it can not meet changes nothing', async () => {
    const expected = { kind: 'keptOtherwise', revision: 0 };
    expect(await commitOne(store, keep('user-1', { revision: 1 }))).toEqual(expected);
    expect(await store.kept(A)).toEqual({ unreadable: 'HF_RECORD_TAMPERED' });
  });

  test('SE-5 it can be erased', async () => {
    const erase = keep('user-1', { text: null });
    expect(await commitOne(store, erase)).toEqual({ kind: 'kept', revision: 0 });
    expect(await store.kept(A)).toBeNull();
  });
});

describe('PS-5 SE-4 what was made to look as if it had ended is not purged', () => {
  test('nor looked at again and again, and all others go', async () => {
    await inFile((db) => {
      db.exec('UPDATE kept SET is_open = 0, keep_until = 1 WHERE room = 1');
    });
    await store.commit([keep('late', { ...CONFLICT, keepUntilMs: 90 })]);
    const purge = { kind: 'purgeKept', nowMs: 60, limit: 9 } as const;
    const purged = { kind: 'purgedKept', count: 1, nextDueAtMs: 90 };
    expect(await commitOne(store, purge)).toEqual(purged);
    expect(await store.kept(A)).toBeNull();
    expect(await keysOf(store, CONFLICT)).toEqual(['HF_RECORD_TAMPERED', 'late']);
    expect(await commitOne(store, { ...purge, limit: 1 })).toEqual({ ...purged, count: 0 });
    // In the next process neither.
    await store.close();
    await store.open();
    expect(await commitOne(store, { ...purge, limit: 1 })).toEqual({ ...purged, count: 0 });
    // What takes its place is purged like any other.
    await store.commit([keep('user-1', { ...CONFLICT, keepUntilMs: 2 })]);
    expect(await commitOne(store, purge)).toEqual(purged);
  });

  test('and what takes its place is purged like any other, under the same number too', async () => {
    await inFile((db) => {
      db.exec('UPDATE kept SET is_open = 0, keep_until = 1 WHERE seq = 3');
    });
    const purge = { kind: 'purgeKept', nowMs: 9, limit: 9 } as const;
    expect(await commitOne(store, purge)).toMatchObject({ count: 0 });
    await store.commit([keep('user-1', { ...CONFLICT, keepUntilMs: 2 })]);
    expect(await store.kept({ ...A, ...CONFLICT })).toMatchObject({ seq: 3 });
    expect(await commitOne(store, purge)).toMatchObject({ count: 1 });
  });

  test('control: one that had ended by what it was sealed with goes', async () => {
    await store.commit([keep('user-1', { ...CONFLICT, keepUntilMs: 1 })]);
    const purge = { kind: 'purgeKept', nowMs: 60, limit: 9 } as const;
    expect(await commitOne(store, purge)).toMatchObject({ count: 2, nextDueAtMs: null });
    expect(await keysOf(store, CONFLICT)).toEqual([]);
  });
});

test('SE-5 SE-1 neither text nor key is in the clear in any file, nor after it was erased', async () => {
  const found = (): string[] =>
    readdirSync(folder).filter((name) => {
      const bytes = readFileSync(join(folder, name));
      return bytes.includes('secret') || bytes.includes('user-1');
    });
  expect(found()).toEqual([]);
  await store.commit([keep('user-1', { text: null }), keep('user-2', { text: 'another' })]);
  expect(await store.clearErased()).toBe(true);
  await store.close();
  expect(found()).toEqual([]);
});

test('SE-5 what was erased or overwritten is in no page of the file, sealed neither', async () => {
  const envelopes = await inFile((db) =>
    db.prepare<[], Buffer>('SELECT state FROM kept').pluck().all(),
  );
  await store.commit([
    keep('user-1', { text: null }),
    keep('user-2', { text: 'another' }),
    keep('user-1', { ...OPEN, text: 'another' }),
  ]);
  expect(await store.clearErased()).toBe(true);
  await store.close();
  const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  const isFound = (envelope: Buffer): boolean => bytes.some((file) => file.includes(envelope));
  expect(envelopes.map(isFound)).toEqual([false, false, false]);
});

test('SE-5 the fingerprints of one key in two rooms, and of an operation’s subject, can not be matched', async () => {
  await store.commit([accept(1, { subject: 'user-1', lane: 'user-1', tags: ['user-1'] })]);
  const tags = await inFile((db) =>
    db
      .prepare<[], Buffer>(
        'SELECT key FROM kept WHERE seq IN (1, 3) UNION ALL SELECT subject FROM operation UNION ALL SELECT lane FROM operation UNION ALL SELECT tag FROM tagged',
      )
      .pluck()
      .all(),
  );
  expect(new Set(tags.map((tag) => tag.toString('hex'))).size).toBe(5);
});
