/**
 * Lanes: one operation of each runs, the others wait in the order of acceptance (OP-4).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, settlement, update } from './writes.ts';

export function testLanes(contract: Contract): void {
  test('OP-4 who comes into a busy lane is held until the one ahead leaves it', async () => {
    const store = contract.store();
    const results = await store.commit([
      accept(1, { lane: 'a' }),
      accept(2, { lane: 'a' }),
      accept(3, { lane: 'a', standing: 'due', dueAtMs: 50 }),
      accept(4, { lane: 'b' }),
      accept(5),
    ]);
    expect(results).toEqual(
      [false, true, true, false, false].map((laneBusy) => ({
        kind: 'accepted',
        laneBusy,
        raised: null,
      })),
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

  test('OP-4 who is held at acceptance is kept as what it is then', async () => {
    const store = contract.store();
    const lane = { lane: 'a', inLane: { head: 'in its lane, as', from: 5 } };
    await store.commit([accept(1, lane), accept(2, lane), accept(3, { lane: 'a' })]);
    expect(await store.find(idOf(1))).toMatchObject({ standing: 'inHand', state: 'state 1.1' });
    expect(await store.find(idOf(2))).toMatchObject({
      standing: 'held',
      state: 'in its lane, as 2.1',
    });
    expect(await store.find(idOf(3))).toMatchObject({ standing: 'held', state: 'state 3.1' });
    // A repeat changes nothing.
    await store.commit([accept(2, lane)]);
    expect(await store.find(idOf(2))).toMatchObject({ state: 'in its lane, as 2.1' });
  });

  test('OP-4 a lane is kept while its head waits, and given on when the head is withdrawn', async () => {
    const store = contract.store();
    await store.commit([accept(1, { lane: 'a' }), accept(2, { lane: 'a' })]);
    await store.commit([update(1, { standing: 'due', dueAtMs: 10 })]);
    expect(await commitOne(store, accept(3, { lane: 'a' }))).toMatchObject({ laneBusy: true });
    expect(await commitOne(store, { kind: 'withdraw', seq: 1, id: idOf(1) })).toMatchObject({
      kind: 'withdrawn',
      laneNext: { seq: 2 },
    });
  });

  test('OP-4 random histories leave every lane with one runner and nothing stuck', async () => {
    const store = contract.store();
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
            expect(result).toEqual({ kind: 'accepted', laneBusy: busy, raised: null });
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

  test('CF-6 a lane is read in its order, with payloads, and without what has left it', async () => {
    const store = contract.store();
    await store.commit([
      accept(1, { lane: 'a' }),
      accept(2, { lane: 'b' }),
      accept(3, { lane: 'a', payload: 'x'.repeat(5_000) }),
      accept(4, { lane: 'a' }),
      accept(5),
    ]);
    const seqsOf = async (lane: string, afterSeq = 0, limit = 9): Promise<number[]> =>
      (await store.lane({ lane, afterSeq, limit })).map(({ seq }) => seq);
    expect(await seqsOf('a')).toEqual([1, 3, 4]);
    expect(await seqsOf('a', 1, 1)).toEqual([3]);
    expect(await seqsOf('a', 4)).toEqual([]);
    expect(await seqsOf('none')).toEqual([]);
    expect((await store.lane({ lane: 'a', afterSeq: 1, limit: 1 }))[0]).toEqual(
      await store.find(idOf(3)),
    );
    await store.commit([settlement(1)]);
    expect(await seqsOf('a')).toEqual([3, 4]);
    await store.commit([deadLetter(3, { leavesLane: false, payload: 'x'.repeat(5_000) })]);
    expect(await seqsOf('a')).toEqual([3, 4]);
  });
}
