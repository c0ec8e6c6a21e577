import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { tempFolder } from '../../support/tempFolder.ts';
import { inThreadStore } from '../storeUnderTest.ts';
import { accept, settlement } from '../writes.ts';

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

test('SE-5 OP-2 no piece of the payload of what has settled is in a file once the store is closed', async () => {
  const folder = join(tempFolder(), 'store');
  const data = join(folder, 'data.db');
  const store = inThreadStore(folder);
  await store.open();
  const seqs = Array.from({ length: COUNT }, (_, index) => index + 1);
  // Of many sizes: within a page, over several, and with a last one that is nearly empty.
  await store.commit(seqs.map((seq) => accept(seq, { payload: 'x'.repeat(1_100 + seq * 311) })));
  const reader = new Database(data, { readonly: true });
  const sealed = reader.prepare<[], Buffer>('SELECT envelope FROM payload').pluck().all();
  reader.close();
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
