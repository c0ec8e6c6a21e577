/** The part of the store contract about searches that go through a whole store, a page at a time. */

import { expect, test } from 'vitest';
import type {
  CheckedPage,
  SearchPage,
  Store,
  StoredOperation,
} from '../../../persistence/port/store.ts';
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

  test('PS-3 a question passes over the rows it is told to, as though they were not there', async () => {
    const due = (seq: number, dueAtMs: number, expiresAtMs: number | null = null) =>
      accept(seq, { standing: 'due', dueAtMs, expiresAtMs, urgency: 2, route: 'payments' });
    await store().commit([
      due(1, 10, 40),
      due(2, 11, 50),
      due(3, 12),
      due(4, 13, 60),
      due(5, 200, 70),
      accept(6, { standing: 'held', expiresAtMs: 45 }),
    ]);
    const claim = async (passOver: readonly number[] | undefined, limit = 2) => {
      const query = { route: 'payments', urgencyMax: 9, nowMs: 100, limit, passOver };
      const { rows, nextDueAtMs } = await store().claim(query);
      return [rows.map(({ seq }) => seq), nextDueAtMs];
    };
    expect(await claim(undefined)).toEqual([[1, 2], 12]);
    expect(await claim([])).toEqual([[1, 2], 12]);
    expect(await claim([1, 2])).toEqual([[3, 4], 200]);
    expect(await claim([2])).toEqual([[1, 3], 13]);
    expect(await claim([1, 2, 3, 4])).toEqual([[], 200]);
    expect(await claim([1, 2, 3, 4, 5])).toEqual([[], null]);
    expect(await claim([1, 5], 9)).toEqual([[2, 3, 4], null]);

    const expired = async (passOver: readonly number[]) => {
      const { rows, nextExpiryAtMs } = await store().expired({ nowMs: 55, limit: 2, passOver });
      return [rows.map(({ seq }) => seq), nextExpiryAtMs];
    };
    expect(await expired([])).toEqual([[1, 6], 50]);
    expect(await expired([1, 6])).toEqual([[2], 60]);
    expect(await expired([1, 2, 4, 5, 6])).toEqual([[], null]);

    const strays = async (passOver: readonly number[]) =>
      (await store().strays({ routes: ['other'], limit: 3, passOver })).map(({ seq }) => seq);
    expect(await strays([])).toEqual([1, 2, 3]);
    expect(await strays([2, 3])).toEqual([1, 4, 5]);
    expect(await strays([1, 2, 3, 4, 5])).toEqual([]);
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
