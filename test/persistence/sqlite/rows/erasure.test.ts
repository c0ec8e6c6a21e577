import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept, settlement } from '../../contract/writes.ts';

const COUNT = 60;
/** Long enough to be nobody else's, short enough to lie whole on a page that overflowed. */
const SLICE_BYTES = 64;

/** How many of the sealed payloads have any piece of theirs in the file. */
function foundIn(path: string, sealed: readonly Buffer[]): number {
  if (!existsSync(path)) return 0;
  const bytes = readFileSync(path);
  const isFound = (envelope: Buffer): boolean => {
    for (let at = 0; at + SLICE_BYTES <= envelope.length; at += SLICE_BYTES / 2) {
      if (bytes.includes(envelope.subarray(at, at + SLICE_BYTES))) return true;
    }
    return false;
  };
  return sealed.filter(isFound).length;
}

/** The sealed payloads that lie by themselves, as the file has them. */
function sealedPayloads(data: string): Buffer[] {
  const reader = new Database(data, { readonly: true });
  try {
    return reader.prepare<[], Buffer>('SELECT envelope FROM payload').pluck().all();
  } finally {
    reader.close();
  }
}

test('SE-5 no piece of it is in a file of a living store either, once what was erased is cleared', async () => {
  const folder = join(tempFolder(), 'store');
  const data = join(folder, 'data.db');
  const store = inThreadStore(folder);
  const notices: unknown[] = [];
  store.onNotice((notice) => notices.push(notice));
  await store.open();
  const seqs = Array.from({ length: COUNT }, (_, index) => index + 1);
  await store.commit(seqs.map((seq) => accept(seq, { payload: 'x'.repeat(1_100 + seq * 311) })));
  const sealed = sealedPayloads(data);
  for (const seq of seqs) await store.commit([settlement(seq)]);
  expect(foundIn(`${data}-wal`, sealed)).toBe(COUNT);

  // While anybody reads it is left for later, at once, and nothing else is the worse for it.
  const reader = new Database(data, { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM operation').get();
  await store.commit([accept(COUNT + 1)]);
  expect(await store.clearErased()).toBe(false);
  await store.commit([accept(COUNT + 2)]);
  reader.exec('COMMIT');
  reader.close();
  expect(await store.clearErased()).toBe(true);
  expect(foundIn(data, sealed)).toBe(0);
  expect(foundIn(`${data}-wal`, sealed)).toBe(0);

  // What comes after it is kept like what came before.
  await store.commit([accept(COUNT + 3)]);
  expect(await store.clearErased()).toBe(true);
  await store.commit([settlement(COUNT + 3)]);
  await store.close();
  await store.open();
  expect(await store.counts()).toMatchObject({ settled: COUNT + 1, inHand: 2 });
  expect(notices).toEqual([]);
  await store.close();
});

test('SE-5 PS-6 a -wal that was cut or replaced is told of by the next commit as ever', async () => {
  const folder = join(tempFolder(), 'store');
  const data = join(folder, 'data.db');
  const store = inThreadStore(folder);
  await store.open();
  await store.commit([accept(1)]);
  truncateSync(`${data}-wal`, 100);
  expect(await store.clearErased()).toBe(false);
  await expect(store.commit([accept(2)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
  await store.close();
});

test('SE-5 OP-2 no piece of the payload of what has settled is in a file once the store is closed', async () => {
  const folder = join(tempFolder(), 'store');
  const data = join(folder, 'data.db');
  const store = inThreadStore(folder);
  await store.open();
  const seqs = Array.from({ length: COUNT }, (_, index) => index + 1);
  // Of many sizes: within a page, over several, and with a last one that is nearly empty.
  await store.commit(seqs.map((seq) => accept(seq, { payload: 'x'.repeat(1_100 + seq * 311) })));
  const sealed = sealedPayloads(data);
  expect(sealed).toHaveLength(COUNT);
  // Control: they are there as long as they are needed.
  expect(Math.max(foundIn(data, sealed), foundIn(`${data}-wal`, sealed))).toBe(COUNT);
  await store.close();
  expect(foundIn(data, sealed)).toBe(COUNT);
  await store.open();
  for (const seq of seqs) await store.commit([settlement(seq)]);
  await store.close();
  expect(foundIn(data, sealed)).toBe(0);
  expect(existsSync(`${data}-wal`)).toBe(false);
});
