/**
 * What a store is asked so that work can be handed out: what is due, was in hand, has expired, is at
 * the head of its lane.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { SearchPage, Store, StoredOperation, Write } from '../../../persistence/port/store.ts';
import { NEVER_MS } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, idOf, settlement, update } from './writes.ts';

export function testQueue(contract: Contract): void {
  test('OP-4 heads that were freed but not taken in hand are found after a restart', async () => {
    const store = contract.store();
    await store.commit([
      accept(1, { lane: 'a' }),
      accept(2, { lane: 'a' }),
      accept(3, { lane: 'a' }),
      accept(4, { lane: 'b' }),
      accept(5, { lane: 'b' }),
      accept(6, { standing: 'held' }),
      accept(7, { lane: 'c' }),
      accept(8, { lane: 'c' }),
    ]);
    await store.commit([settlement(1), settlement(4)]);
    const again = await contract.reopened();
    await again.open();
    const { rows } = await again.freedHeads({ afterSeq: 0, limit: 10 });
    expect(rows.map(({ seq }) => seq)).toEqual([2, 5]);
    expect(rows[0]).toMatchObject({ standing: 'held', payload: 'payload 2' });
    expect((await again.freedHeads({ afterSeq: 2, limit: 10 })).rows).toEqual([rows[1]]);
  });

  test('OP-6 a claim hands out what is due, most urgent first, then by time, then by order', async () => {
    const store = contract.store();
    const due = (seq: number, urgency: number, dueAtMs: number, route = 'payments'): Write =>
      accept(seq, { standing: 'due', urgency, dueAtMs, route });
    await store.commit([
      due(1, 5, 10),
      due(2, 1, 30),
      due(3, 1, 20),
      due(4, 1, 20),
      due(5, 0, 40),
      due(6, 9, 1),
      due(7, 1, 100),
      due(8, 1, 5, 'records'),
      due(9, 5, NEVER_MS),
      accept(10, { urgency: 0 }),
    ]);
    const claim = (limit: number, nowMs = 50, urgencyMax = 5) =>
      store.claim({ routes: ['payments'], urgencyMax, nowMs, limit });
    const seqs = async (...query: Parameters<typeof claim>): Promise<[number[], number | null]> => {
      const { rows, nextDueAtMs } = await claim(...query);
      return [rows.map(({ seq }) => seq), nextDueAtMs];
    };
    expect(await seqs(10)).toEqual([[5, 3, 4, 2, 1], 100]);
    expect(await seqs(2)).toEqual([[5, 3], 20]);
    expect(await seqs(4)).toEqual([[5, 3, 4, 2], 10]);
    expect(await seqs(0)).toEqual([[], 40]);
    expect(await seqs(10, 50, 0)).toEqual([[5], null]);
    expect(await seqs(10, 4)).toEqual([[], 10]);
    expect(await seqs(10, 500)).toEqual([[5, 3, 4, 2, 7, 1], null]);
    expect(await seqs(10, NEVER_MS)).toEqual([[5, 3, 4, 2, 7, 1, 9], null]);
    // Claiming changes nothing; taking in hand does.
    expect((await claim(1)).rows[0]).toMatchObject({ payload: 'payload 5', revision: 1 });
    await store.commit([update(5)]);
    expect(await seqs(10)).toEqual([[3, 4, 2, 1], 100]);
    expect(await store.claim({ routes: ['none'], urgencyMax: 9, nowMs: 99, limit: 9 })).toEqual({
      rows: [],
      nextDueAtMs: null,
    });
  });

  test('RT-4 a due time and a route are as the last update gave them', async () => {
    const store = contract.store();
    await store.commit([accept(1), accept(2)]);
    await store.commit([
      update(1, { standing: 'due', dueAtMs: 70, route: 'records' }),
      update(2, { standing: 'due', dueAtMs: 60 }),
    ]);
    const again = await contract.reopened();
    await again.open();
    const claim = { urgencyMax: 9, nowMs: 100, limit: 9 };
    expect((await again.claim({ ...claim, routes: ['records'] })).rows).toMatchObject([
      { seq: 1, dueAtMs: 70, state: 'state 1.2' },
    ]);
    expect((await again.claim({ ...claim, routes: ['payments'] })).rows).toMatchObject([
      { seq: 2 },
    ]);
  });

  test('SV-3 what was in hand is found most urgent first, page by page', async () => {
    const store = contract.store();
    await store.commit([
      accept(1, { urgency: 3 }),
      accept(2, { urgency: 0 }),
      accept(3, { urgency: 3 }),
      accept(4, { urgency: 1 }),
      accept(5, { standing: 'held' }),
    ]);
    const again = await contract.reopened();
    await again.open();
    const seqs: number[] = [];
    let after: { urgency: number; seq: number } | null = null;
    for (;;) {
      const page = await again.inHand({ after, limit: 3 });
      const last = page.at(-1);
      if (last === undefined) break;
      seqs.push(...page.map(({ seq }) => seq));
      after = { urgency: last.urgency, seq: last.seq };
    }
    expect(seqs).toEqual([2, 4, 1, 3]);
  });

  test('OP-7 work for routes that nobody asks for is found', async () => {
    const store = contract.store();
    const due = (seq: number, route: string, dueAtMs: number, urgency = 4): Write =>
      accept(seq, { standing: 'due', route, dueAtMs, urgency });
    await store.commit([
      due(1, 'payments', 1),
      due(2, 'gone', 5),
      due(3, 'lost', 9_999),
      due(4, 'gone', NEVER_MS),
      due(5, 'gone', 7, 0),
      accept(6, { route: 'gone' }),
    ]);
    const strays = async (routes: string[], limit = 10): Promise<number[]> =>
      (await store.strays({ routes, limit })).map(({ seq }) => seq).toSorted((a, b) => a - b);
    expect(await strays(['payments'])).toEqual([2, 3, 5]);
    expect(await strays(['payments', 'gone'])).toEqual([3]);
    expect(await strays([])).toEqual([1, 2, 3, 5]);
    const occupied = await store.occupiedRoutes({ routes: ['gone', 'idle', 'payments', 'lost'] });
    expect(occupied).toEqual(['gone', 'payments', 'lost']);
    expect(await store.occupiedRoutes({ routes: [] })).toEqual([]);
    expect(await strays([], 2)).toHaveLength(2);
    expect((await store.strays({ routes: ['payments', 'gone'], limit: 1 }))[0]).toMatchObject({
      payload: 'payload 3',
    });
  });

  test('OP-5 what waits and has expired is found, whatever its route', async () => {
    const store = contract.store();
    await store.commit([
      accept(1, { standing: 'due', dueAtMs: 1, expiresAtMs: 30 }),
      accept(2, { standing: 'held', expiresAtMs: 10, route: 'records' }),
      accept(3, { standing: 'inHand', expiresAtMs: 5 }),
      accept(4, { standing: 'due', dueAtMs: NEVER_MS, expiresAtMs: 20 }),
      accept(5, { standing: 'due', dueAtMs: 1 }),
      accept(6, { standing: 'held', expiresAtMs: 90 }),
    ]);
    const expired = async (nowMs: number, limit = 9): Promise<[number[], number | null]> => {
      const { rows, nextExpiryAtMs } = await store.expired({ nowMs, limit });
      return [rows.map(({ seq }) => seq), nextExpiryAtMs];
    };
    expect(await expired(30)).toEqual([[2, 4, 1], 90]);
    expect(await expired(30, 1)).toEqual([[2], 20]);
    expect(await expired(9)).toEqual([[], 10]);
    expect(await expired(90)).toEqual([[2, 4, 1, 6], null]);
    // In hand it does not count, and again when it waits again.
    await store.commit([update(3, { standing: 'held', expiresAtMs: 5 }), update(2)]);
    expect(await expired(30)).toEqual([[3, 4, 1], 90]);
    expect((await store.expired({ nowMs: 9, limit: 9 })).rows[0]).toMatchObject({
      payload: 'payload 3',
    });
  });

  test('OP-13 what is to begin later is found at that time, counted, and claimed by nobody', async () => {
    const store = contract.store();
    const later = (seq: number, given: object = {}) =>
      accept(seq, {
        ...{ standing: 'due', dueAtMs: NEVER_MS, startAtMs: 50, expiresAtMs: 90, ...given },
      });
    await store.commit([later(1, { lane: 'a' }), later(2, { lane: 'a' }), later(3)]);
    const found = async (nowMs: number, by = store): Promise<[number[], number | null]> => {
      const { rows, nextExpiryAtMs } = await by.expired({ nowMs, limit: 9 });
      return [rows.map(({ seq }) => seq), nextExpiryAtMs];
    };
    expect((await store.blockedCounts()).startAt).toBe(2);
    expect(await found(49)).toEqual([[], 50]);
    // The one behind it in its lane has its expiry.
    expect(await found(50)).toEqual([[1, 3], 90]);
    expect(await found(90)).toEqual([[1, 3, 2], null]);
    const claim = { routes: ['payments'], urgencyMax: 9, nowMs: NEVER_MS - 1, limit: 9 };
    expect(await store.claim(claim)).toEqual({ rows: [], nextDueAtMs: null });
    expect(await store.strays({ routes: [], limit: 9 })).toEqual([]);

    // It has begun: from then on it is its expiry that counts.
    await store.commit([update(1, { standing: 'due', dueAtMs: 50, expiresAtMs: 90 })]);
    const again = await contract.reopened();
    await again.open();
    expect((await again.blockedCounts()).startAt).toBe(1);
    expect(await found(50, again)).toEqual([[3], 90]);
    expect((await again.claim(claim)).rows.map(({ seq }) => seq)).toEqual([1]);
    // The other is freed, and waits for its start.
    const scheduled = { standing: 'due', dueAtMs: NEVER_MS, waitsFor: 'startAt' } as const;
    await again.commit([
      settlement(1, { revision: 3, leavesLane: true }),
      update(2, { ...scheduled, expiresAtMs: 60 }),
    ]);
    expect((await again.blockedCounts()).startAt).toBe(2);
    expect(await found(60, again)).toEqual([[3, 2], null]);
  });

  test('HM-1 what waits is counted by its routes, rank and reason, with the oldest of those in line', async () => {
    const store = contract.store();
    const due = (seq: number, route: string, urgency: number, dueAtMs = 10) =>
      accept(seq, { standing: 'due', dueAtMs, route, urgency });
    await store.commit([
      ...[due(2, 'a', 1, 30), due(1, 'a', 1, 40), due(3, 'b', 1, 20), due(4, 'b', 5)],
      due(5, 'elsewhere', 1),
      ...[accept(6, { lane: 'l' }), accept(7, { lane: 'l', route: 'a', urgency: 9 })],
      accept(8),
    ]);
    const groups = [['records'], ['a', 'b']];
    const counts = async (by = store) =>
      (await by.waitingCounts({ groups }))
        .map(({ group, urgency, waitsFor, count, oldestId, nextDueAtMs }) =>
          [group, urgency, waitsFor, count, oldestId, nextDueAtMs].join(' '),
        )
        .toSorted(byRank);
    const elsewhere = ' 1 turn 1  ';
    const first = [`1 1 turn 3 ${idOf(1)} 20`, elsewhere, `1 5 turn 1 ${idOf(4)} 10`];
    expect(await counts()).toEqual([...first, '1 9 lane 1  '].toSorted(byRank));

    // The oldest runs, one has another rank and reason, one moves, one goes.
    await store.commit([
      update(1, { standing: 'inHand', route: 'a', urgency: 1 }),
      update(3, { standing: 'held', waitsFor: 'review', route: 'b', urgency: 1 }),
      update(4, { standing: 'due', dueAtMs: NEVER_MS, route: 'records', urgency: 5 }),
      settlement(6),
      update(7, { route: 'a', urgency: 9 }),
    ]);
    const again = await contract.reopened();
    await again.open();
    expect(await counts(again)).toEqual(
      [`1 1 turn 1 ${idOf(2)} 30`, '1 1 review 1  ', elsewhere, `0 5 turn 1 ${idOf(4)} `].toSorted(
        byRank,
      ),
    );
    await again.commit([{ kind: 'withdraw', seq: 2, id: idOf(2) }, settlement(3, { revision: 3 })]);
    expect(await counts(again)).toEqual([elsewhere, `0 5 turn 1 ${idOf(4)} `]);
  });

  test('SC-1 OP-4 the heads of lanes are found page by page, whatever the size of a page', async () => {
    const inLane = (seq: number, lane: string) => accept(seq, { lane });
    await contract
      .store()
      .commit([
        ...[1, 2, 3].map((seq) => inLane(seq, 'a')),
        ...[4, 5, 6, 7].map((seq) => inLane(seq, 'b')),
        accept(8, { standing: 'held' }),
        ...[9, 10].map((seq) => inLane(seq, 'c')),
      ]);
    await contract.store().commit([settlement(1), settlement(9)]);
    for (const limit of [1, 2, 3, 10]) {
      const heads = await freedHeads(contract.store(), limit);
      expect(heads.map(({ seq }) => seq)).toEqual([2, 10]);
    }
  });

  test('PS-3 a question passes over the rows it is told to, as though they were not there', async () => {
    const due = (seq: number, dueAtMs: number, expiresAtMs: number | null = null) =>
      accept(seq, { standing: 'due', dueAtMs, expiresAtMs, urgency: 2, route: 'payments' });
    await contract
      .store()
      .commit([
        due(1, 10, 40),
        due(2, 11, 50),
        due(3, 12),
        due(4, 13, 60),
        due(5, 200, 70),
        accept(6, { standing: 'held', expiresAtMs: 45 }),
      ]);
    const claim = async (passOver: readonly number[] | undefined, limit = 2) => {
      const query = { routes: ['payments'], urgencyMax: 9, nowMs: 100, limit, passOver };
      const { rows, nextDueAtMs } = await contract.store().claim(query);
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
      const { rows, nextExpiryAtMs } = await contract
        .store()
        .expired({ nowMs: 55, limit: 2, passOver });
      return [rows.map(({ seq }) => seq), nextExpiryAtMs];
    };
    expect(await expired([])).toEqual([[1, 6], 50]);
    expect(await expired([1, 6])).toEqual([[2], 60]);
    expect(await expired([1, 2, 4, 5, 6])).toEqual([[], null]);

    const strays = async (passOver: readonly number[]) =>
      (await contract.store().strays({ routes: ['other'], limit: 3, passOver })).map(
        ({ seq }) => seq,
      );
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

/** As the counts come; of one rank in any order, so by their text. */
function byRank(one: string, other: string): number {
  const rank = (text: string): number => Number(text.split(' ')[1]);
  return rank(one) - rank(other) || one.localeCompare(other);
}
