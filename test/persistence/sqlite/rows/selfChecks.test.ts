/** Indexes and the count of a store are in the clear: what they say is compared with the rows. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../../persistence/port/store.ts';
import { PROBES } from '../../../../persistence/sqlite/rows/probes.ts';
import { createSchema } from '../../../../persistence/sqlite/schema/schema.ts';
import { hideFrom } from '../../../support/store/damage.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, settlement, update } from '../../contract/writes.ts';

let folder: string;
let remove: () => Promise<void>;
let store: Store;
let told: string[];

async function openAgain(): Promise<void> {
  store = inThreadStore(folder);
  told = [];
  store.onNotice(({ code }) => told.push(code));
  store.onQuarantine(({ seq, code }) => told.push(`${seq} ${code}`));
  await store.open();
}

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  await openAgain();
});
afterEach(async () => {
  await store.close();
  await remove();
});

/** As a program without the key can write to the file. */
async function edit(change: (db: Database.Database) => void): Promise<void> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  db.unsafeMode();
  change(db);
  db.close();
  await openAgain();
}

const due = { standing: 'due', dueAtMs: 5 } as const;
const query = { routes: ['payments'], urgencyMax: 9, nowMs: 9, limit: 9 };
const seqsDue = async (): Promise<number[]> => (await store.claim(query)).rows.map((r) => r.seq);

test('SE-4 every index of the operations is looked into', () => {
  const db = new Database(':memory:');
  createSchema(db);
  const indexes = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'operation'",
    )
    .pluck()
    .all();
  db.close();
  expect(PROBES.map(({ index }) => index).toSorted()).toEqual(indexes.toSorted());
});

/** Every index of these tables but those of unique columns, as the schema names them. */
function indexesOf(...tables: readonly string[]): readonly string[] {
  const db = new Database(':memory:');
  createSchema(db);
  const named = db.prepare<[string], string>(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?",
  );
  const found = tables.flatMap((table) => named.pluck().all(table));
  db.close();
  return found;
}

describe('SE-4 a kept record or a pinned plan that an index does not find', () => {
  const found = async () => ({
    open: (await store.keptCounts()).openConflicts,
    pages: await Promise.all(
      (['entity', 'conflict'] as const).map(async (room) => {
        const page = await store.keptPage({ room, order: 'oldest', fromSeq: 0, limit: 9 });
        const person = { room, subject: 'user-1', order: 'oldest', fromSeq: 0, limit: 9 } as const;
        return [page.rows.length, (await store.keptPage(person)).rows.length];
      }),
    ),
  });

  test.each(indexesOf('kept', 'crisis_plan'))('is told of by the check: %s', async (index) => {
    const entity = { kind: 'keep', room: 'entity', lane: null, revision: 0, text: 'e' } as const;
    const conflict = { ...entity, room: 'conflict' } as const;
    await store.commit([
      { ...entity, key: 'e-1', subject: 'user-1' },
      { ...entity, key: 'e-2', keepUntilMs: Date.now() * 2 },
      { ...conflict, key: 'c-1', isOpen: true },
      { ...conflict, key: 'c-2' },
      { kind: 'crisisPlan', subject: 'user-1', plan: 'first', isPinned: true },
    ]);
    const before = await found();
    await store.recount();
    expect(told).toEqual([]);
    await edit(hideFrom(index, '0'));
    await found();
    await store.recount();
    expect(told).toEqual(['HF_STORE_MENDED']);
    expect(await found()).toEqual(before);
    await store.recount();
    expect(told).toHaveLength(1);
  });
});

describe('SE-4 a row that an index does not find', () => {
  test('is found and told of by the check, and runs from then on', async () => {
    await store.commit([accept(1, due), accept(2, due)]);
    await edit(hideFrom('operation_due', 'seq <> 1'));
    expect(await seqsDue()).toEqual([2]);
    await store.check({ afterSeq: 0, limit: 9 });
    expect(told).toEqual(['HF_STORE_MENDED']);
    expect(await seqsDue()).toEqual([1, 2]);
    await store.check({ afterSeq: 0, limit: 9 });
    expect(told).toHaveLength(1);
  });

  test('by its idempotency key: the key is known again, and what it was given to since is set aside', async () => {
    await store.commit([accept(1, { ...due, idempotencyKey: 'k' })]);
    // An open looks for the latest ones alone.
    await store.commit(Array.from({ length: 4_100 }, (_, index) => accept(index + 100)));
    await edit(hideFrom('operation_idempotency', 'seq <> 1'));
    expect(await commitOne(store, accept(5_000, { ...due, idempotencyKey: 'k' }))).toMatchObject({
      kind: 'accepted',
    });
    expect(await store.checkKeys({ beforeSeq: 5_000, limit: 2_000 })).toBe(2_200);
    expect(await store.checkKeys({ beforeSeq: 2_200, limit: 2_000 })).toBe(200);
    expect(told).toEqual([]);
    expect(await store.checkKeys({ beforeSeq: 200, limit: 2_000 })).toBe(1);
    expect(await store.checkKeys({ beforeSeq: 1, limit: 2_000 })).toBeNull();
    expect(told.toSorted()).toEqual(['5000 HF_IDEMPOTENCY_CONFLICT', 'HF_STORE_MENDED']);
    expect(await seqsDue()).toEqual([1]);
    expect(await commitOne(store, accept(5_001, { ...due, idempotencyKey: 'k' }))).toMatchObject({
      kind: 'duplicate',
      of: { seq: 1 },
    });
  });

  test('in a file that is damaged otherwise is told of, and no key is taken for new', async () => {
    await store.commit([accept(1, { ...due, idempotencyKey: 'k' }), accept(2)]);
    await edit((db) => {
      hideFrom('operation_idempotency', 'seq <> 1')(db);
      db.pragma('ignore_check_constraints = ON');
      db.exec('UPDATE meta SET one = 2');
    });
    await store.check({ afterSeq: 0, limit: 9 });
    expect(told).toEqual(['HF_STORE_CORRUPT']);
    const again = accept(3, { idempotencyKey: 'k' });
    await expect(store.commit([again])).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
    expect(await commitOne(store, accept(4))).toMatchObject({ kind: 'accepted' });
  });

  test('control: where nothing was changed, nothing is told, whatever the rows wait for', async () => {
    await store.commit([
      accept(1, { ...due, idempotencyKey: 'a', lane: 'x', expiresAtMs: 99 }),
      accept(2, { ...due, lane: 'x', expiresAtMs: 99 }),
      accept(3),
      accept(4),
      accept(5),
      settlement(3, { dueAtMs: 7 }),
      update(4, { standing: 'held', waitsFor: 'review' }),
      settlement(5, { standing: 'deadLettered' }),
    ]);
    await store.check({ afterSeq: 0, limit: 9 });
    await store.recount();
    expect(told).toEqual([]);
  });
});

describe('SE-4 an index or a table that begins where it can not is refused at once', () => {
  test.each([
    ['where another index does', "(SELECT rootpage FROM roots WHERE name = 'operation_lane')"],
    ['where a table does', "(SELECT rootpage FROM roots WHERE name = 'payload')"],
    ['where the schema does', '1'],
    ['nowhere', '0'],
    ['behind the end', '99999'],
  ])('%s', async (_, root) => {
    await store.commit([accept(1, due)]);
    await store.close();
    const db = new Database(join(folder, 'data.db'));
    db.unsafeMode();
    db.exec('CREATE TEMP TABLE roots AS SELECT name, rootpage FROM sqlite_schema');
    db.pragma('writable_schema = ON');
    db.exec(`UPDATE sqlite_schema SET rootpage = ${root} WHERE name = 'operation_due'`);
    db.close();
    await expect(openAgain()).rejects.toMatchObject({
      code: expect.stringMatching(/^HF_STORE_(CORRUPT|FOREIGN)$/),
    });
  });
});

test('OP-6 SE-4 a count that was edited is put right and told of', async () => {
  await store.commit([accept(1, due), accept(2), accept(3)]);
  await store.commit([update(2, { standing: 'held', waitsFor: 'conflict' })]);
  await edit((db) => {
    db.exec('UPDATE tally SET operations = 1000000 WHERE kind = 2');
    db.exec('DELETE FROM tally WHERE kind = 11');
    db.exec('UPDATE waiting SET operations = 7 WHERE waits_for = 0');
    db.exec('DELETE FROM waiting WHERE waits_for = 3');
    db.exec("INSERT INTO waiting VALUES (x'00', 1, 0, 5)");
  });
  await store.recount();
  expect(told).toEqual(['HF_STORE_MENDED']);
  expect(await store.counts()).toMatchObject({ due: 1, inHand: 1, held: 1, settled: 0 });
  expect(await store.blockedCounts()).toEqual({
    ...{ handler: 0, conflict: 1, review: 0, rate: 0, startAt: 0 },
  });
  const counts = await store.waitingCounts({ groups: [['payments']] });
  expect(counts.map(({ group, waitsFor, count }) => [group, waitsFor, count])).toEqual([
    [0, 'turn', 1],
    [0, 'conflict', 1],
  ]);
  expect(await store.find(idOf(1))).toMatchObject({ standing: 'due' });
  await store.recount();
  expect(told).toHaveLength(1);
});

describe('SE-4 PS-3 a number that was edited beyond what can be told apart', () => {
  const BEYOND = '9007199254740993';
  test.each([`seq = ${BEYOND}`, 'seq = 9223372036854775807'])(
    'in the place of the number of a row (%s) fails what meets it, and hangs nothing',
    async (change) => {
      await store.commit([accept(1, due), accept(2), accept(3)]);
      await edit((db) => db.exec(`UPDATE operation SET ${change} WHERE seq = 1`));
      await expect(store.claim(query)).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
      const page = await store.check({ afterSeq: 0, limit: 9 });
      expect(page).toEqual({ checked: 3, unreadable: 1, nextAfterSeq: null });
      expect((await store.list({ afterSeq: 0, limit: 9 })).slice(0, 2)).toMatchObject([
        { seq: 2, standing: 'inHand' },
        { seq: 3, standing: 'inHand' },
      ]);
      expect(await commitOne(store, accept(4))).toMatchObject({ kind: 'accepted' });
    },
  );

  test('in a row that says it was set aside makes no index anew', async () => {
    await store.commit([accept(1)]);
    await edit((db) => db.exec(`UPDATE operation SET standing = 4, waits_for = ${BEYOND}`));
    const page = await store.check({ afterSeq: 0, limit: 9 });
    expect(page).toEqual({ checked: 1, unreadable: 0, nextAfterSeq: null });
    expect(told).toEqual([]);
  });
});

test('SE-4 an index that two rows contradict is told of once, and is not made anew for ever', async () => {
  await store.commit([accept(1), accept(2)]);
  await edit((db) => {
    db.exec(
      "CREATE TEMP TABLE kept AS SELECT rowid AS at, * FROM sqlite_schema WHERE tbl_name = 'operation'",
    );
    db.pragma('writable_schema = ON');
    // For as long as the table knows nothing of its index, the second row can get the id of the first.
    db.exec("DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_operation_1'");
    db.exec("UPDATE sqlite_schema SET sql = replace(sql, 'UNIQUE', '') WHERE name = 'operation'");
    db.pragma('writable_schema = RESET');
    db.exec('UPDATE operation SET id = (SELECT id FROM operation WHERE seq = 1) WHERE seq = 2');
    db.pragma('writable_schema = ON');
    db.exec("DELETE FROM sqlite_schema WHERE tbl_name = 'operation'");
    db.exec(
      'INSERT INTO sqlite_schema (rowid, type, name, tbl_name, rootpage, sql) ' +
        'SELECT at, type, name, tbl_name, rootpage, sql FROM kept',
    );
    db.pragma('writable_schema = RESET');
  });
  for (const _ of [1, 2, 3]) await store.check({ afterSeq: 0, limit: 9 });
  expect(told).toEqual(['2 HF_RECORD_TAMPERED', 'HF_STORE_CORRUPT']);
});

test('SE-4 OP-8 a key that its index was made to hide is found by the first that comes after an open', async () => {
  await store.commit([accept(1, { ...due, idempotencyKey: 'k' }), accept(2)]);
  await edit(hideFrom('operation_idempotency', 'seq < 0'));
  const [again] = await store.commit([accept(3, { ...due, idempotencyKey: 'k' })]);
  expect(again).toMatchObject({ kind: 'duplicate' });
  expect(told).toEqual(['HF_STORE_MENDED']);
});
