/** What every store must do. Each store's test file runs this suite over it. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { disarmFaultPoints } from '../../../persistence/port/faultPoints.ts';
import type { Standing, Store, Write } from '../../../persistence/port/store.ts';
import { NEVER_MS } from '../../../persistence/port/store.ts';
import { testAside } from './storeContractAside.ts';
import { testEndings } from './storeContractEndings.ts';
import { testPages } from './storeContractPages.ts';
import { testRepeats } from './storeContractRepeats.ts';
import { testSpill } from './storeContractSpill.ts';
import { testTexts } from './storeContractTexts.ts';
import { accept, commitOne, deadLetter, idOf, settlement, update } from './writes.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Another store over the same data; the first was closed. */
  reopen(): Promise<Store>;
  /** Removes what the store left behind. */
  dispose(): Promise<void>;
}

export interface ContractOptions {
  /** False where the store works in a thread of its own, in which this thread can plant no fault. */
  readonly faultsReachIt: boolean;
}

export function storeContract(
  name: string,
  make: () => Promise<StoreUnderTest>,
  { faultsReachIt }: ContractOptions,
): void {
  describe(`the store contract, kept by ${name}`, () => {
    let made: StoreUnderTest;
    let store: Store;
    let open: Store[] = [];

    beforeEach(async () => {
      made = await make();
      store = made.store;
      open = [store];
      await store.open();
    });
    afterEach(async () => {
      disarmFaultPoints();
      for (const each of open) await each.close();
      await made.dispose();
    });

    async function reopened(): Promise<Store> {
      await store.close();
      const again = await made.reopen();
      open.push(again);
      return again;
    }

    test('OP-2 an accepted operation is there after the store is closed and opened again', async () => {
      expect(await commitOne(store, accept(1, { urgency: 2 }))).toEqual({
        kind: 'accepted',
        laneBusy: false,
      });
      const expected = {
        seq: 1,
        id: idOf(1),
        revision: 1,
        standing: 'inHand',
        dueAtMs: null,
        urgency: 2,
        state: 'state 1.1',
        payload: 'payload 1',
      };
      expect(await store.find(idOf(1))).toEqual(expected);
      const again = await reopened();
      expect((await again.open()).created).toBe(false);
      expect(await again.find(idOf(1))).toEqual(expected);
      expect(await again.inHand({ after: null, limit: 10 })).toEqual([expected]);
      expect(again.nextSeq()).toBe(2);
    });

    test('OP-2 an update replaces the state and can erase the payload', async () => {
      await store.commit([accept(1), accept(2)]);
      expect(await commitOne(store, update(1))).toEqual({ kind: 'updated', laneNext: null });
      expect(await store.find(idOf(1))).toMatchObject({
        revision: 2,
        state: 'state 1.2',
        payload: 'payload 1',
      });
      await store.commit([settlement(1, { revision: 3, dueAtMs: 99, state: 'done' })]);
      expect(await store.find(idOf(1))).toEqual({
        seq: 1,
        id: idOf(1),
        revision: 3,
        standing: 'settled',
        dueAtMs: 99,
        urgency: 4,
        state: 'done',
        payload: null,
      });
      expect(await store.find(idOf(2))).toMatchObject({ state: 'state 2.1' });
      expect(await store.find(idOf(3))).toBeNull();
      expect(await store.find('not an id')).toBeNull();
    });

    test('OP-2 a batch is performed whole or not at all, and the others of its tick go on', async () => {
      const results = await Promise.allSettled([
        store.commit([accept(1)]),
        store.commit([accept(2), update(2, { revision: 7 })]),
        store.commit([accept(3), update(1)]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { code: 'HF_INTERNAL' } });
      expect((await store.list({ afterSeq: 0, limit: 10 })).map(({ seq }) => seq)).toEqual([1, 3]);
      expect(await store.find(idOf(1))).toMatchObject({ revision: 2 });
    });

    test.each<[string, Write]>([
      ['a due row without a time', accept(1, { standing: 'due' })],
      ['a time that is not whole', accept(1, { standing: 'due', dueAtMs: 1.5 })],
      ['an id that is no UUID', accept(1, { id: 'operation-1' })],
      ['a standing that only the store gives', accept(1, { standing: 'quarantined' })],
      ['an update that skips a revision', update(9, { revision: 3 })],
      ['an update that goes back', update(9, { revision: 1, state: 'other' })],
      ['an id that is taken', accept(1, { id: idOf(9) })],
      ['a seq that is taken', accept(9, { id: idOf(1) })],
    ])('UX-2 %s is refused and changes nothing', async (_, write) => {
      await store.commit([accept(9)]);
      await expect(store.commit([accept(5), write])).rejects.toMatchObject({ code: 'HF_INTERNAL' });
      expect(await store.list({ afterSeq: 0, limit: 10 })).toHaveLength(1);
      expect(await store.find(idOf(9))).toMatchObject({ revision: 1, state: 'state 9.1' });
    });

    test('OP-2 writes to a row that is not there are missing, and a withdrawn row is gone', async () => {
      await store.commit([accept(1, { idempotencyKey: 'k' })]);
      expect(await commitOne(store, update(7))).toEqual({ kind: 'missing' });
      expect(await commitOne(store, { kind: 'withdraw', seq: 7, id: idOf(7) })).toEqual({
        kind: 'missing',
      });
      // Another operation may have got the number since: the id decides.
      expect(await commitOne(store, { kind: 'withdraw', seq: 1, id: idOf(2) })).toEqual({
        kind: 'missing',
      });
      expect(await commitOne(store, { kind: 'withdraw', seq: 1, id: idOf(1) })).toEqual({
        kind: 'withdrawn',
        laneNext: null,
      });
      expect(await store.find(idOf(1))).toBeNull();
      expect(await commitOne(store, accept(2, { idempotencyKey: 'k' }))).toMatchObject({
        kind: 'accepted',
      });
    });

    test('OP-8 an accept with a key that is kept already is answered with the first', async () => {
      await store.commit([accept(1, { idempotencyKey: 'key' })]);
      const first = await store.find(idOf(1));
      expect(await commitOne(store, accept(2, { idempotencyKey: 'key' }))).toEqual({
        kind: 'duplicate',
        of: first,
      });
      expect(await store.find(idOf(2))).toBeNull();
      // Settled operations keep their key.
      await store.commit([settlement(1)]);
      expect(await commitOne(store, accept(3, { idempotencyKey: 'key' }))).toMatchObject({
        kind: 'duplicate',
        of: { seq: 1, standing: 'settled' },
      });
      const both = [accept(4, { idempotencyKey: 'new' }), accept(5, { idempotencyKey: 'new' })];
      expect(await store.commit(both)).toMatchObject([
        { kind: 'accepted' },
        { kind: 'duplicate', of: { seq: 4 } },
      ]);
    });

    test('OP-4 who comes into a busy lane is held until the one ahead leaves it', async () => {
      const results = await store.commit([
        accept(1, { lane: 'a' }),
        accept(2, { lane: 'a' }),
        accept(3, { lane: 'a', standing: 'due', dueAtMs: 50 }),
        accept(4, { lane: 'b' }),
        accept(5),
      ]);
      expect(results).toEqual(
        [false, true, true, false, false].map((laneBusy) => ({ kind: 'accepted', laneBusy })),
      );
      expect(await store.find(idOf(2))).toMatchObject({ standing: 'held', dueAtMs: null });
      expect(await store.find(idOf(3))).toMatchObject({ standing: 'held', dueAtMs: null });
      expect(await commitOne(store, settlement(1))).toEqual({
        kind: 'updated',
        laneNext: await store.find(idOf(2)),
      });
      expect(await store.find(idOf(2))).toMatchObject({ payload: 'payload 2' });
      await store.commit([update(2)]);
      expect(await commitOne(store, settlement(2, { revision: 3 }))).toMatchObject({
        laneNext: { seq: 3 },
      });
      await store.commit([update(3)]);
      expect(await commitOne(store, settlement(3, { revision: 3 }))).toMatchObject({
        laneNext: null,
      });
      expect(await commitOne(store, accept(6, { lane: 'a' }))).toMatchObject({ laneBusy: false });
    });

    test('OP-4 a lane is kept while its head waits, and given on when the head is withdrawn', async () => {
      await store.commit([accept(1, { lane: 'a' }), accept(2, { lane: 'a' })]);
      await store.commit([update(1, { standing: 'due', dueAtMs: 10 })]);
      expect(await commitOne(store, accept(3, { lane: 'a' }))).toMatchObject({ laneBusy: true });
      expect(await commitOne(store, { kind: 'withdraw', seq: 1, id: idOf(1) })).toMatchObject({
        kind: 'withdrawn',
        laneNext: { seq: 2 },
      });
    });

    test('OP-4 heads that were freed but not taken in hand are found after a restart', async () => {
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
      const again = await reopened();
      await again.open();
      const { rows } = await again.freedHeads({ afterSeq: 0, limit: 10 });
      expect(rows.map(({ seq }) => seq)).toEqual([2, 5]);
      expect(rows[0]).toMatchObject({ standing: 'held', payload: 'payload 2' });
      expect((await again.freedHeads({ afterSeq: 2, limit: 10 })).rows).toEqual([rows[1]]);
    });

    test('OP-6 a claim hands out what is due, most urgent first, then by time, then by order', async () => {
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
        store.claim({ route: 'payments', urgencyMax, nowMs, limit });
      const seqs = async (
        ...query: Parameters<typeof claim>
      ): Promise<[number[], number | null]> => {
        const { rows, nextDueAtMs } = await claim(...query);
        return [rows.map(({ seq }) => seq), nextDueAtMs];
      };
      expect(await seqs(10)).toEqual([[5, 3, 4, 2, 1], 100]);
      expect(await seqs(2)).toEqual([[5, 3], 10]);
      expect(await seqs(4)).toEqual([[5, 3, 4, 2], 10]);
      expect(await seqs(0)).toEqual([[], 10]);
      expect(await seqs(10, 50, 0)).toEqual([[5], null]);
      expect(await seqs(10, 4)).toEqual([[], 10]);
      expect(await seqs(10, 500)).toEqual([[5, 3, 4, 2, 7, 1], null]);
      expect(await seqs(10, NEVER_MS)).toEqual([[5, 3, 4, 2, 7, 1, 9], null]);
      // Claiming changes nothing; taking in hand does.
      expect((await claim(1)).rows[0]).toMatchObject({ payload: 'payload 5', revision: 1 });
      await store.commit([update(5)]);
      expect(await seqs(10)).toEqual([[3, 4, 2, 1], 100]);
      expect(await store.claim({ route: 'none', urgencyMax: 9, nowMs: 99, limit: 9 })).toEqual({
        rows: [],
        nextDueAtMs: null,
      });
    });

    test('RT-4 a due time and a route are as the last update gave them', async () => {
      await store.commit([accept(1), accept(2)]);
      await store.commit([
        update(1, { standing: 'due', dueAtMs: 70, route: 'records' }),
        update(2, { standing: 'due', dueAtMs: 60 }),
      ]);
      const again = await reopened();
      await again.open();
      const claim = { urgencyMax: 9, nowMs: 100, limit: 9 };
      expect((await again.claim({ ...claim, route: 'records' })).rows).toMatchObject([
        { seq: 1, dueAtMs: 70, state: 'state 1.2' },
      ]);
      expect((await again.claim({ ...claim, route: 'payments' })).rows).toMatchObject([{ seq: 2 }]);
    });

    test('SV-3 what was in hand is found most urgent first, page by page', async () => {
      await store.commit([
        accept(1, { urgency: 3 }),
        accept(2, { urgency: 0 }),
        accept(3, { urgency: 3 }),
        accept(4, { urgency: 1 }),
        accept(5, { standing: 'held' }),
      ]);
      const again = await reopened();
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
      expect(await strays([], 2)).toHaveLength(2);
      expect((await store.strays({ routes: ['payments', 'gone'], limit: 1 }))[0]).toMatchObject({
        payload: 'payload 3',
      });
    });

    test('OP-5 what waits and has expired is found, whatever its route', async () => {
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
      // The expiry stays with the row, and counts again when it waits again.
      await store.commit([update(3, { standing: 'held' }), update(2)]);
      expect(await expired(30)).toEqual([[3, 4, 1], 90]);
      expect((await store.expired({ nowMs: 9, limit: 9 })).rows[0]).toMatchObject({
        payload: 'payload 3',
      });
    });

    test('OP-2 lists run in order of acceptance, without payloads, and counts agree', async () => {
      await store.commit([
        accept(1),
        accept(2, { standing: 'due', dueAtMs: 5 }),
        accept(3, { standing: 'held' }),
        accept(4),
        accept(5),
        accept(6),
      ]);
      await store.commit([settlement(4), settlement(5), deadLetter(6)]);
      const all = await store.list({ afterSeq: 0, limit: 10 });
      expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(all.every(({ payload }) => payload === null)).toBe(true);
      expect(all[0]).toMatchObject({ state: 'state 1.1' });
      expect((await store.list({ afterSeq: 2, limit: 2 })).map(({ seq }) => seq)).toEqual([3, 4]);
      const counts = await store.counts();
      expect(counts).toEqual({
        settled: 2,
        inHand: 1,
        due: 1,
        held: 1,
        quarantined: 0,
        deadLettered: 1,
      });
      for (const standing of Object.keys(counts) as Standing[]) {
        const listed = await store.list({ afterSeq: 0, limit: 10, standing });
        expect(listed).toEqual(all.filter((row) => row.standing === standing));
        expect(listed).toHaveLength(counts[standing]);
      }
      expect(await store.list({ afterSeq: 4, limit: 10, standing: 'settled' })).toHaveLength(1);
    });

    test('CB-4 the state of a component is given back when the store opens', async () => {
      await store.commit([
        { kind: 'component', name: 'breaker:payments', state: 'closed' },
        { kind: 'component', name: 'level', state: 'normal' },
      ]);
      const write: Write = { kind: 'component', name: 'breaker:payments', state: 'open ☃' };
      expect(await commitOne(store, write)).toEqual({ kind: 'componentKept' });
      const info = await (await reopened()).open();
      expect(info.components).toEqual(
        new Map([
          ['breaker:payments', 'open ☃'],
          ['level', 'normal'],
        ]),
      );
      expect(info.componentsUnreadable).toBe(0);
    });

    test('OP-2 calls take effect in the order they were made', async () => {
      const answers = await Promise.all([
        store.find(idOf(1)),
        store.commit([accept(1)]),
        store.find(idOf(1)),
        store.commit([settlement(1)]),
        store.counts(),
        store.commit([accept(2)]),
      ]);
      expect(answers[0]).toBeNull();
      expect(answers[2]).toMatchObject({ revision: 1, standing: 'inHand' });
      expect(answers[4]).toMatchObject({ settled: 1, inHand: 0 });
    });

    test('SV-4 closing lets what was asked finish, twice is harmless, and then nothing is served', async () => {
      const pending = store.commit([accept(1)]);
      await Promise.all([store.close(), store.close()]);
      expect(await pending).toHaveLength(1);
      await expect(store.find(idOf(1))).rejects.toMatchObject({ code: 'HF_CLOSED' });
      await expect(store.commit([accept(2)])).rejects.toMatchObject({ code: 'HF_CLOSED' });
      const again = await made.reopen();
      open.push(again);
      await again.open();
      expect(await again.find(idOf(1))).not.toBeNull();
    });

    testRepeats(() => store, faultsReachIt);
    testEndings(() => store, reopened);
    testSpill(() => store, reopened);
    testTexts(() => store);
    testAside(() => store, faultsReachIt);
    testPages(() => store);

    test('OP-4 random histories leave every lane with one runner and nothing stuck', async () => {
      const lanes = [null, 'a', 'b'] as const;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ lane: fc.constantFrom(...lanes), settle: fc.nat(5) }), {
            maxLength: 25,
          }),
          async (steps) => {
            const inHand = new Map<number, { lane: string | null; revision: number }>();
            const lanesBefore = new Map<number, string | null>();
            for (const { lane, settle } of steps) {
              const seq = store.nextSeq();
              lanesBefore.set(seq, lane);
              const result = await commitOne(store, accept(seq, { lane, id: idOf(seq) }));
              const busy = [...inHand.values()].some((row) => row.lane === lane && lane !== null);
              expect(result).toEqual({ kind: 'accepted', laneBusy: busy });
              if (!busy) inHand.set(seq, { lane, revision: 1 });
              const ending = [...inHand][settle];
              if (ending === undefined) continue;
              const [endingSeq, row] = ending;
              inHand.delete(endingSeq);
              const settled = await commitOne(
                store,
                settlement(endingSeq, { revision: row.revision + 1 }),
              );
              const next = settled?.kind === 'updated' ? settled.laneNext : null;
              if (next === null) continue;
              expect(lanesBefore.get(next.seq)).toBe(row.lane);
              await store.commit([update(next.seq)]);
              inHand.set(next.seq, { lane: row.lane, revision: 2 });
            }
            // Whoever is held waits behind someone in hand.
            for (const { seq } of await store.list({ afterSeq: 0, limit: 999, standing: 'held' })) {
              const lane = lanesBefore.get(seq);
              expect([...inHand.values()].some((row) => row.lane === lane)).toBe(true);
            }
            for (const [seq, { revision }] of inHand) {
              let next = await commitOne(store, settlement(seq, { revision: revision + 1 }));
              while (next?.kind === 'updated' && next.laneNext !== null) {
                next = await commitOne(store, settlement(next.laneNext.seq));
              }
            }
            expect(await store.counts()).toMatchObject({ inHand: 0, held: 0, due: 0 });
          },
        ),
        { numRuns: 20 },
      );
    });
  });
}
