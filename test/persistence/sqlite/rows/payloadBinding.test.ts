/** A payload that is gone, or was exchanged, never runs: its operation says which one belongs to it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QuarantinedRow, Store } from '../../../../persistence/port/store.ts';
import { bytesOfId } from '../../../../persistence/sqlite/seals/rowSeals.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, deadLetter, idOf, replay, update } from '../../contract/writes.ts';

const LARGE = 'PAY 1000 EUR '.repeat(200);
const EDITED = 'PAY 1 EUR '.repeat(200);
const due = { standing: 'due', dueAtMs: 50 } as const;

let folder: string;
let remove: () => Promise<void>;
let store: Store;
let quarantined: QuarantinedRow[];

async function openAgain(): Promise<void> {
  store = inThreadStore(folder);
  quarantined = [];
  store.onQuarantine((row) => quarantined.push(row));
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

async function inFile<Result>(use: (db: Database.Database) => Result): Promise<Result> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  try {
    return use(db);
  } finally {
    db.close();
    await openAgain();
  }
}

async function claimed(): Promise<unknown> {
  const query = { routes: ['payments'], urgencyMax: 9, nowMs: 99, limit: 9 };
  return (await store.claim(query)).rows.map(({ seq, payload }) => [seq, payload]);
}

describe('SE-4 PS-3 what is not as its operation says is set aside, and the others go on', () => {
  beforeEach(async () => {
    await store.commit([accept(1, { ...due, payload: LARGE }), accept(2, due)]);
  });

  test.each([
    ['claimed', claimed],
    ['checked', () => store.check({ afterSeq: 0, limit: 9 })],
    ['found', () => store.find(idOf(1))],
  ])('a payload that was deleted, when it is %s', async (_, look) => {
    await inFile((db) => db.exec('DELETE FROM payload'));
    await look();
    expect(quarantined).toEqual([{ seq: 1, id: idOf(1), code: 'HF_RECORD_TAMPERED' }]);
    expect(await claimed()).toEqual([[2, 'payload 2']]);
  });

  test('a payload that is said to be of another key', async () => {
    await inFile((db) => db.exec('UPDATE payload SET key_id = 2'));
    expect(await claimed()).toEqual([[2, 'payload 2']]);
    expect(quarantined).toEqual([{ seq: 1, id: idOf(1), code: 'HF_RECORD_TAMPERED' }]);
    await inFile((db) => db.exec('UPDATE payload SET key_id = 1'));
    const again = { kind: 'reinstate', seq: 1, id: idOf(1), revision: 1, toSeq: 9 } as const;
    expect(await commitOne(store, again)).toMatchObject({ kind: 'reinstated' });
    expect(await claimed()).toContainEqual([1, LARGE]);
  });

  test('a payload that was put beside one which is kept with its state', async () => {
    await inFile((db) => db.exec('UPDATE payload SET seq = 2'));
    expect(await claimed()).toEqual([]);
    expect(quarantined.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('the earlier payload of a dead letter that was replayed with another', async () => {
    await store.commit([accept(3, { payload: LARGE }), deadLetter(3, { payload: LARGE })]);
    const old = await inFile((db) =>
      db.prepare('SELECT envelope FROM payload WHERE seq = 3').pluck().get(),
    );
    await store.commit([replay(3, { payload: EDITED })]);
    expect(await claimed()).toContainEqual([3, EDITED]);
    await inFile((db) => db.prepare('UPDATE payload SET envelope = ? WHERE seq = 3').run(old));
    expect(await claimed()).not.toContainEqual([3, expect.anything()]);
    expect(quarantined).toMatchObject([{ seq: 3, code: 'HF_RECORD_TAMPERED' }]);
    // Nor does it go back to work for the asking.
    const put = await commitOne(store, {
      kind: 'reinstate',
      seq: 3,
      id: idOf(3),
      revision: 3,
      toSeq: 9,
    });
    expect(put).toMatchObject({ kind: 'notReinstated', code: 'HF_RECORD_TAMPERED' });
  });

  test.each([
    ['a large one by a large one', LARGE, EDITED],
    ['a large one by a small one', LARGE, 'PAY 2 EUR'],
  ])('the earlier payload of an operation that was given another, %s', async (_, before, after) => {
    await store.commit([accept(3, { payload: before })]);
    const old = await inFile((db) =>
      db.prepare('SELECT envelope FROM payload WHERE seq = 3').pluck().get(),
    );
    await store.commit([update(3, { ...due, payload: before, newPayload: after })]);
    expect(await claimed()).toContainEqual([3, after]);
    await inFile((db) => db.prepare('INSERT OR REPLACE INTO payload VALUES (3, 1, ?)').run(old));
    expect(await claimed()).not.toContainEqual([3, expect.anything()]);
    expect(quarantined).toMatchObject([{ seq: 3, code: 'HF_RECORD_TAMPERED' }]);
  });

  test('the new payload of an operation, where it was taken away or is that of another', async () => {
    await store.commit([accept(3, { payload: 'small' }), accept(4, { payload: LARGE })]);
    await store.commit([
      update(3, { ...due, payload: 'small', newPayload: EDITED }),
      update(4, { ...due, payload: LARGE, newPayload: EDITED }),
    ]);
    expect(await claimed()).toContainEqual([3, EDITED]);
    await inFile((db) => {
      db.exec('DELETE FROM payload WHERE seq = 3');
      db.exec('UPDATE payload SET seq = 3 WHERE seq = 4');
    });
    expect((await claimed()) as unknown[]).toHaveLength(2);
    expect(quarantined.map(({ seq }) => seq)).toEqual([3, 4]);
  });

  test('a payload is bound through every update, in this process and the next', async () => {
    await store.commit([accept(3, { payload: LARGE }), update(3, { payload: LARGE })]);
    await inFile(() => undefined);
    await store.commit([update(3, { ...due, revision: 3, payload: LARGE })]);
    expect(await claimed()).toContainEqual([3, LARGE]);
    await inFile((db) => db.exec('DELETE FROM payload WHERE seq = 3'));
    expect(await claimed()).not.toContainEqual([3, expect.anything()]);
  });

  test('a list, which gives no payloads, has them all the same', async () => {
    await inFile((db) => db.exec('DELETE FROM payload'));
    const listed = await store.list({ afterSeq: 0, limit: 9 });
    expect(listed).toMatchObject([{ seq: 1, standing: 'due' }, { seq: 2 }]);
    expect(quarantined).toEqual([]);
  });

  test('control: as they were written, all are handed out', async () => {
    await inFile((db) => db.exec('UPDATE payload SET envelope = envelope'));
    expect(await claimed()).toEqual([
      [1, LARGE],
      [2, 'payload 2'],
    ]);
  });
});

test('OP-2 what lies under a number before its operation comes does not keep it from coming', async () => {
  await inFile((db) => db.exec("INSERT INTO payload VALUES (1, 1, x'00'), (2, 1, x'00')"));
  await store.commit([accept(1, { ...due, payload: LARGE })]);
  expect(await claimed()).toEqual([[1, LARGE]]);
});

test('SE-4 a blob larger than any record is set aside without being read', async () => {
  await store.commit([accept(1, due), accept(2, due), accept(3, { ...due, payload: LARGE })]);
  const bytes = 100 * 1_024 * 1_024;
  await inFile((db) => {
    db.exec(`UPDATE operation SET state = zeroblob(${bytes}) WHERE seq = 1`);
    db.exec(`UPDATE payload SET envelope = zeroblob(${bytes}) WHERE seq = 3`);
  });
  const before = process.memoryUsage().arrayBuffers;
  const { rows } = await store.claim({ routes: ['payments'], urgencyMax: 9, nowMs: 99, limit: 9 });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(bytes / 2);
  expect(rows.map(({ seq }) => seq)).toEqual([2]);
  expect(quarantined.map(({ seq }) => seq)).toEqual([1, 3]);
  expect(await store.sealedQuarantine({ afterSeq: 0, limit: 9 })).toMatchObject([
    { seq: 1, state: '' },
    { seq: 3, payload: '' },
  ]);
});

test('SE-4 what is edited in a row while its operation runs gets no new seal', async () => {
  const given = { urgency: 4, expiresAtMs: 900, subject: 'user-42' };
  await store.commit([accept(1, given)]);
  await inFile((db) => {
    db.prepare('UPDATE operation SET id = ?, urgency = 0, expires_at = 1, subject = ?').run(
      bytesOfId(idOf(99)),
      Buffer.alloc(16, 1),
    );
  });
  await store.commit([update(1, { ...given, ...due })]);
  expect(quarantined).toMatchObject([{ seq: 1 }]);
  expect(await store.find(idOf(99))).toBeNull();
  expect(await store.find(idOf(1))).toMatchObject({ standing: 'due', urgency: 4 });
  expect((await store.expired({ nowMs: 899, limit: 9 })).nextExpiryAtMs).toBe(900);
  expect(await claimed()).toEqual([[1, 'payload 1']]);
});

test('PS-3 CF-6 an update that gives another payload makes a row whole that was edited while it ran', async () => {
  await store.commit([accept(1, { payload: LARGE })]);
  await inFile((db) => db.exec('UPDATE operation SET urgency = 0'));
  await store.commit([update(1, { ...due, payload: LARGE, newPayload: EDITED })]);
  expect(quarantined).toMatchObject([{ seq: 1 }]);
  expect(await claimed()).toEqual([[1, EDITED]]);
});

test('SE-5 a payload that another took the place of is in no file, sealed neither', async () => {
  await store.commit([accept(1, { payload: LARGE }), accept(2, { payload: LARGE })]);
  const old = await inFile((db) =>
    db.prepare<[], Buffer>('SELECT envelope FROM payload').pluck().all(),
  );
  await store.commit([
    update(1, { ...due, payload: LARGE, newPayload: EDITED }),
    update(2, { ...due, payload: LARGE, newPayload: 'small' }),
  ]);
  expect(await store.clearErased()).toBe(true);
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  const isFound = (envelope: Buffer): boolean => files.some((bytes) => bytes.includes(envelope));
  expect(old.map(isFound)).toEqual([false, false]);
});
