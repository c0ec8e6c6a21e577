/**
 * What keeps a store sound: the check of every record, and the end of retention.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { CheckedPage } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, settlement } from './writes.ts';

export function testUpkeep(contract: Contract): void {
  test('SE-6 a check opens every record, a page at a time', async () => {
    await contract.store().commit([1, 2, 3, 4, 5].map((seq) => accept(seq)));
    await contract.store().commit([settlement(2)]);
    let checked = 0;
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const page: CheckedPage = await contract.store().check({ afterSeq, limit: 2 });
      checked += page.checked;
      afterSeq = page.nextAfterSeq;
    }
    expect(checked).toBe(5);
  });

  test('SE-4 a look for keys goes through all, and finds nothing amiss in a store that is well', async () => {
    const told: string[] = [];
    contract.store().onNotice(({ code }) => told.push(code));
    await contract
      .store()
      .commit([1, 2, 3, 4, 5].map((seq) => accept(seq, { idempotencyKey: `k${seq}` })));
    for (let beforeSeq: number | null = 6; beforeSeq !== null; ) {
      beforeSeq = await contract.store().checkKeys({ beforeSeq, limit: 2 });
    }
    expect(told).toEqual([]);
  });

  test('PS-5 what has settled is purged when its time has come, the earliest first, and nothing else', async () => {
    const store = contract.store();
    await store.commit([
      accept(1, { idempotencyKey: 'key' }),
      accept(2),
      accept(3),
      accept(4),
      accept(5, { standing: 'due', dueAtMs: 1 }),
      accept(6),
      accept(7, { standing: 'held' }),
    ]);
    await store.commit([
      settlement(1, { dueAtMs: 30 }),
      settlement(2, { dueAtMs: 10 }),
      settlement(3, { dueAtMs: 20 }),
      deadLetter(4),
    ]);
    const purge = async (nowMs: number, limit = 9) =>
      await commitOne(store, { kind: 'purgeSettled', nowMs, limit });
    const seqs = async (): Promise<number[]> =>
      (await store.list({ afterSeq: 0, limit: 99 })).map(({ seq }) => seq);
    expect(await purge(9)).toEqual({ kind: 'purgedSettled', count: 0, nextDueAtMs: 10 });
    expect(await purge(29, 1)).toEqual({ kind: 'purgedSettled', count: 1, nextDueAtMs: 20 });
    expect(await seqs()).toEqual([1, 3, 4, 5, 6, 7]);
    expect(await purge(29)).toEqual({ kind: 'purgedSettled', count: 1, nextDueAtMs: 30 });
    expect(await commitOne(store, accept(8, { idempotencyKey: 'key' }))).toMatchObject({
      kind: 'duplicate',
    });
    expect(await purge(99)).toEqual({ kind: 'purgedSettled', count: 1, nextDueAtMs: null });
    expect(await seqs()).toEqual([4, 5, 6, 7]);
    // With the operation goes its key.
    expect(await commitOne(store, accept(8, { idempotencyKey: 'key' }))).toMatchObject({
      kind: 'accepted',
    });
    const again = await contract.reopened();
    await again.open();
    expect(await again.find(idOf(1))).toBeNull();
    expect(await again.find(idOf(4))).toMatchObject({ payload: 'payload 4' });
  });
}
