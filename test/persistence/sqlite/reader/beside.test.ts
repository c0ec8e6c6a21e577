/**
 * Questions beside a writer in a thread of its own: they wait for no commit, and nothing is lost by them.
 *
 * @module
 */

import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { armThreads } from '../../../../persistence/port/faultPoints.ts';
import type { QuarantinedRow, Store } from '../../../../persistence/port/store.ts';
import { temporaryFolder, threadedStore } from '../../contract/storeUnderTest.ts';
import { accept, idOf, settlement, update } from '../../contract/writes.ts';

/** Long against a read, short against the patience of a test. */
const STALL_MS = 5_000;

let folder: string;
let remove: () => Promise<void>;
let store: Store;
let quarantined: QuarantinedRow[];

async function open(): Promise<void> {
  store = threadedStore(folder);
  quarantined = [];
  store.onQuarantine((row) => quarantined.push(row));
  await store.open();
}

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
});
afterEach(async () => {
  armThreads([]);
  await store.close();
  await remove();
});

/** Answers from the first question on until long after the reader has started. */
async function foundWhileItStarts(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let times = 0; times < 40; times += 1) {
    found.push(await store.beside.find(idOf(1)));
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  return found;
}

test('PS-1 CR-3 while a commit hangs, plans and views are read; what is asked of the writer waits', async () => {
  armThreads([{ name: 'store.beforeCommit', countdown: 2, action: { stallMs: STALL_MS } }]);
  await open();
  const plan = '{"format":1}';
  await store.commit([accept(1), { kind: 'crisisPlan', subject: 'user-1', plan }]);
  // The reader's thread is there from the first question on.
  await store.beside.counts();
  const order: string[] = [];
  const note = (what: string) => () => void order.push(what);
  const committed = store.commit([accept(2)]).then(note('commit'));
  const found = store.find(idOf(1)).then(note('writer'));
  expect(await store.beside.crisisPlan('user-1')).toMatchObject({ plan });
  expect(await store.beside.find(idOf(1))).toMatchObject({ state: 'state 1.1' });
  expect(await store.beside.find(idOf(2))).toBeNull();
  expect((await store.beside.counts()).inHand).toBe(1);
  note('reader')();
  await Promise.all([committed, found]);
  expect(order).toEqual(['reader', 'commit', 'writer']);
  expect(await store.beside.find(idOf(2))).toMatchObject({ state: 'state 2.1' });
});

test('PS-3 SE-4 a row that does not open beside the writer is quarantined by it, and reported once', async () => {
  await open();
  await store.commit([accept(1), accept(2)]);
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  db.prepare('UPDATE operation SET revision = 7 WHERE seq = 1').run();
  db.close();
  await open();
  expect(await store.beside.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
  expect(await store.beside.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
  expect(quarantined).toMatchObject([{ seq: 1, code: 'HF_RECORD_TAMPERED' }]);
  expect((await store.beside.counts()).quarantined).toBe(1);
  expect(await store.beside.find(idOf(2))).toMatchObject({ state: 'state 2.1' });
});

test('PS-6 after the file was deleted and written back, the new one is read', async () => {
  await open();
  await store.commit([accept(1)]);
  expect((await store.beside.counts()).inHand).toBe(1);
  rmSync(join(folder, 'data.db'));
  const lost = store.commit([update(1)]);
  await expect(lost).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
  await store.commit([update(1), settlement(1, { revision: 3 })]);
  expect(await store.beside.find(idOf(1))).toMatchObject({ revision: 3, standing: 'settled' });
});

test('PS-6 SE-4 a file that was put in its place is not read, and the writer keeps what it has', async () => {
  await open();
  await store.commit([accept(1)]);
  await store.close();
  const path = join(folder, 'data.db');
  copyFileSync(path, `${path}.old`);
  await open();
  await store.commit([update(1)]);
  // Into the file itself: what is in the -wal would be read with any file.
  await store.close();
  await open();
  renameSync(`${path}.old`, path);
  for (const found of await foundWhileItStarts()) expect(found).toMatchObject({ revision: 2 });
  await expect(store.commit([accept(2)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
  expect(await store.beside.find(idOf(1))).toMatchObject({ revision: 2 });
});

test('PS-6 a -wal that was deleted is not made by a question, and the store mends itself', async () => {
  await open();
  await store.commit([accept(1)]);
  const wal = join(folder, 'data.db-wal');
  rmSync(wal);
  for (const found of await foundWhileItStarts()) expect(found).toMatchObject({ revision: 1 });
  expect(existsSync(wal)).toBe(false);
  await expect(store.commit([update(1)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
  await store.commit([update(1), settlement(1, { revision: 3 })]);
  expect(await store.beside.find(idOf(1))).toMatchObject({ revision: 3 });
});

test('PS-1 what the reader leaves to the writer is answered though the store is closed behind it', async () => {
  await open();
  await store.commit([accept(1)]);
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  db.prepare('UPDATE operation SET revision = 7 WHERE seq = 1').run();
  db.close();
  await open();
  await store.beside.counts();
  const found = store.beside.find(idOf(1));
  await store.close();
  expect(await found).toMatchObject({ standing: 'quarantined' });
});

test('PS-1 a store that was looked at is closed as any other: nothing is left in its -wal', async () => {
  await open();
  await store.commit([accept(1)]);
  const asked = [store.beside.counts(), store.beside.find(idOf(1))];
  await store.close();
  expect(await Promise.all(asked)).toMatchObject([{ inHand: 1 }, { seq: 1 }]);
  expect(existsSync(join(folder, 'data.db-wal'))).toBe(false);
});
