/** The part of the store contract about searches that go through a whole store, a page at a time. */

import { expect, test } from 'vitest';
import type { CheckedPage, SearchPage, Store, StoredOperation } from '../../persistence/store.ts';
import { accept, settlement } from './writes.ts';

/** @param store the opened, empty store of the test that is running */
export function testPages(store: () => Store): void {
  test('SC-1 OP-4 the heads of lanes are found page by page, whatever the size of a page', async () => {
    const inLane = (seq: number, lane: string) => accept(seq, { lane });
    await store().commit([
      ...[1, 2, 3].map((seq) => inLane(seq, 'a')),
      ...[4, 5, 6, 7].map((seq) => inLane(seq, 'b')),
      accept(8, { standing: 'held' }),
      ...[9, 10].map((seq) => inLane(seq, 'c')),
    ]);
    await store().commit([settlement(1), settlement(9)]);
    for (const limit of [1, 2, 3, 10]) {
      const heads = await freedHeads(store(), limit);
      expect(heads.map(({ seq }) => seq)).toEqual([2, 10]);
    }
  });

  test('SE-6 a check opens every record, a page at a time', async () => {
    await store().commit([1, 2, 3, 4, 5].map((seq) => accept(seq)));
    await store().commit([settlement(2)]);
    let checked = 0;
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const page: CheckedPage = await store().check({ afterSeq, limit: 2 });
      checked += page.checked;
      afterSeq = page.nextAfterSeq;
    }
    expect(checked).toBe(5);
  });
}

async function freedHeads(store: Store, limit: number): Promise<StoredOperation[]> {
  const heads: StoredOperation[] = [];
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    const page: SearchPage = await store.freedHeads({ afterSeq, limit });
    heads.push(...page.rows);
    afterSeq = page.nextAfterSeq;
  }
  return heads;
}
