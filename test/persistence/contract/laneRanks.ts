/**
 * The head of a lane has the rank of the most urgent that waits behind it (OP-4).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type {
  AcceptWrite,
  Store,
  StoredOperation,
  Write,
} from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, replay, settlement, update } from './writes.ts';

const inLane = (seq: number, urgency: number, given: Partial<AcceptWrite> = {}): AcceptWrite =>
  accept(seq, { lane: 'a', urgency, ...given });

export function testLaneRanks(contract: Contract): void {
  const urgencyOf = async (seq: number, store = contract.store()) =>
    (await store.find(idOf(seq)))?.urgency;

  test('OP-4 who comes into a busy lane raises its head, and is told whom', async () => {
    const store = contract.store();
    expect(await store.commit([inLane(1, 9), inLane(2, 5), inLane(3, 7), inLane(4, 1)])).toEqual([
      { kind: 'accepted', laneBusy: false, raised: null },
      { kind: 'accepted', laneBusy: true, raised: { id: idOf(1), urgency: 5 } },
      { kind: 'accepted', laneBusy: true, raised: null },
      { kind: 'accepted', laneBusy: true, raised: { id: idOf(1), urgency: 1 } },
    ]);
    expect(await store.find(idOf(1))).toEqual({
      seq: 1,
      id: idOf(1),
      revision: 1,
      standing: 'inHand',
      dueAtMs: null,
      urgency: 1,
      state: 'state 1.1',
      payload: 'payload 1',
    });
    // The others wait at their own.
    expect(await Promise.all([2, 3, 4].map((seq) => urgencyOf(seq)))).toEqual([5, 7, 1]);
    // Another lane has nothing to do with it.
    expect(await commitOne(store, accept(5, { lane: 'b', urgency: 0 }))).toMatchObject({
      laneBusy: false,
      raised: null,
    });
  });

  test('OP-4 a head is claimed and found in hand at the rank it was raised to', async () => {
    const store = contract.store();
    const due = (seq: number, urgency: number, lane: string | null): Write =>
      accept(seq, { standing: 'due', dueAtMs: 5, urgency, lane });
    await store.commit([due(1, 9, 'a'), due(2, 4, null), due(3, 2, 'a')]);
    const claim = { routes: ['payments'], urgencyMax: 9, nowMs: 9, limit: 9 };
    expect((await store.claim(claim)).rows).toMatchObject([
      { seq: 1, urgency: 2 },
      { seq: 2, urgency: 4 },
    ]);
    await store.commit([update(1, { urgency: 9 }), update(2)]);
    expect(await store.inHand({ after: null, limit: 9 })).toMatchObject([
      { seq: 1, urgency: 2 },
      { seq: 2, urgency: 4 },
    ]);
  });

  test('OP-4 a write that was under way with the old rank does not undo it', async () => {
    const store = contract.store();
    await store.commit([inLane(1, 9)]);
    // Ordered before its writer knew of the other, and written after.
    const [, , rested] = await store.commit([
      inLane(2, 3),
      update(1, { urgency: 9 }),
      update(1, { revision: 3, standing: 'due', dueAtMs: 7, urgency: 9 }),
    ]);
    expect(rested).toEqual({ kind: 'updated', laneNext: null });
    expect(await store.find(idOf(1))).toMatchObject({ revision: 3, urgency: 3, standing: 'due' });
    const again = await contract.reopened();
    await again.open();
    expect(await urgencyOf(1, again)).toBe(3);
  });

  test('OP-4 who becomes the head has the rank of the most urgent still in the lane', async () => {
    const store = contract.store();
    await store.commit([inLane(1, 8), inLane(2, 9), inLane(3, 6), inLane(4, 2)]);
    expect(await commitOne(store, settlement(1, { urgency: 8 }))).toMatchObject({
      laneNext: { seq: 2, urgency: 2, revision: 1, state: 'state 2.1', payload: 'payload 2' },
    });
    // It has ended and has its own again.
    expect(await urgencyOf(1)).toBe(8);
    await store.commit([update(2, { urgency: 9 })]);
    // The urgent one goes: its rank is not handed on.
    expect(await commitOne(store, settlement(4, { urgency: 2 }))).toEqual({
      kind: 'updated',
      laneNext: null,
    });
    expect(await urgencyOf(2)).toBe(2);
    expect(await commitOne(store, settlement(2, { revision: 3, urgency: 9 }))).toMatchObject({
      laneNext: { seq: 3, urgency: 6 },
    });
    expect(await urgencyOf(2)).toBe(9);
  });

  test('OP-4 a head that nobody woke has its rank when it is found', async () => {
    const store = contract.store();
    await store.commit([inLane(1, 5), inLane(2, 9), inLane(3, 7), inLane(4, 3)]);
    await store.commit([{ kind: 'quarantine', seq: 1, id: idOf(1), revision: 1, code: 'X' }]);
    const again = await contract.reopened();
    await again.open();
    const { rows } = await again.freedHeads({ afterSeq: 0, limit: 9 });
    expect(rows).toMatchObject([{ seq: 2, urgency: 3, standing: 'held' }]);
    expect(await again.find(idOf(2))).toEqual(rows[0]);
  });

  test('OP-4 whoever goes to the tail of a lane raises its head too', async () => {
    const store = contract.store();
    await store.commit([inLane(1, 2), inLane(2, 3)]);
    await store.commit([
      deadLetter(1, { urgency: 2 }),
      { kind: 'quarantine', seq: 2, id: idOf(2), revision: 1, code: 'X' },
      inLane(3, 8),
    ]);
    expect(await commitOne(store, replay(1, { lane: 'a', toSeq: 101 }))).toEqual({
      kind: 'replayed',
      laneBusy: true,
      raised: { id: idOf(3), urgency: 2 },
    });
    await store.commit([settlement(101, { id: idOf(1), revision: 4, urgency: 2 })]);
    await store.commit([settlement(3, { urgency: 8 }), inLane(4, 8)]);
    const put: Write = { kind: 'reinstate', seq: 2, id: idOf(2), revision: 1, toSeq: 102 };
    expect(await commitOne(store, put)).toMatchObject({
      kind: 'reinstated',
      operation: { seq: 102, urgency: 3 },
      raised: { id: idOf(4), urgency: 3 },
    });
  });

  test('OP-2 an acceptance that is repeated tells again whom it raised', async () => {
    const store = contract.store();
    await store.commit([inLane(1, 8), inLane(2, 4)]);
    const accepted = { kind: 'accepted', laneBusy: true, raised: { id: idOf(1), urgency: 4 } };
    expect(await commitOne(store, inLane(2, 4))).toEqual(accepted);
    // And the one it raised nothing.
    expect(await commitOne(store, inLane(1, 8))).toEqual({
      kind: 'accepted',
      laneBusy: false,
      raised: null,
    });
    const settled = settlement(1, { urgency: 8 });
    await store.commit([settled]);
    await store.commit([settled]);
    expect(await urgencyOf(1)).toBe(8);
  });

  test('OP-4 in random histories a head is as urgent as the most urgent in its lane, and nobody else', async () => {
    const store = contract.store();
    const step = fc.record({
      lane: fc.constantFrom('a', 'b'),
      urgency: fc.integer({ min: 1, max: 9 }),
      ends: fc.constantFrom('head', 'other', 'withdrawn', 'nobody', 'rests'),
      which: fc.nat(9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const lanes = new Lanes(store);
        for (const { lane, urgency, ends, which } of steps) {
          await lanes.accept(lane, urgency);
          if (ends === 'nobody') continue;
          if (ends === 'rests') await lanes.rest(lane);
          else await lanes.end(lane, ends, which);
          await lanes.check();
        }
        await lanes.drain();
      }),
      { numRuns: 25 },
    );
  });
}

interface Member {
  readonly seq: number;
  readonly own: number;
  revision: number;
}

/** What the lanes of a store should be, by the words of its port. */
class Lanes {
  readonly #store: Store;
  readonly #lanes = new Map<string, Member[]>();
  /** The rank of each head. */
  readonly #ranks = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  async accept(lane: string, own: number): Promise<void> {
    const seq = this.#store.nextSeq();
    const members = this.#lanes.get(lane) ?? [];
    const result = await commitOne(this.#store, accept(seq, { lane, urgency: own }));
    const before = this.#ranks.get(lane) ?? Number.POSITIVE_INFINITY;
    const [head] = members;
    expect(result).toEqual({
      kind: 'accepted',
      laneBusy: head !== undefined,
      raised: head !== undefined && own < before ? { id: idOf(head.seq), urgency: own } : null,
    });
    this.#ranks.set(lane, Math.min(before, own));
    this.#lanes.set(lane, [...members, { seq, own, revision: 1 }]);
  }

  /** Its head is written, by somebody who knows of its own rank only. */
  async rest(lane: string): Promise<void> {
    const [head] = this.#lanes.get(lane) ?? [];
    if (head === undefined) return;
    head.revision += 1;
    const { seq, own: urgency, revision } = head;
    await this.#store.commit([update(seq, { revision, urgency, standing: 'due', dueAtMs: 1 })]);
  }

  async end(lane: string, who: 'head' | 'other' | 'withdrawn', which: number): Promise<void> {
    const members = this.#lanes.get(lane) ?? [];
    const at = who === 'head' ? 0 : which % Math.max(1, members.length);
    const member = members[at];
    if (member === undefined) return;
    const { seq, own: urgency, revision } = member;
    const result = await commitOne(
      this.#store,
      who === 'withdrawn'
        ? { kind: 'withdraw', seq, id: idOf(seq) }
        : settlement(seq, { revision: revision + 1, urgency }),
    );
    const rest = members.filter((each) => each !== member);
    this.#lanes.set(lane, rest);
    const next =
      result?.kind === 'updated' || result?.kind === 'withdrawn' ? result.laneNext : null;
    if (at === 0) this.#freed(lane, rest, next);
  }

  #freed(lane: string, rest: readonly Member[], next: StoredOperation | null): void {
    const rank = Math.min(...rest.map(({ own }) => own));
    this.#ranks.set(lane, rank);
    const [head] = rest;
    if (head === undefined) expect(next).toBeNull();
    else expect(next).toMatchObject({ seq: head.seq, urgency: rank, revision: 1 });
  }

  async check(): Promise<void> {
    for (const [lane, members] of this.#lanes) {
      for (const [index, { seq, own }] of members.entries()) {
        const { urgency } = (await this.#store.find(idOf(seq))) ?? {};
        expect([seq, urgency]).toEqual([seq, index === 0 ? this.#ranks.get(lane) : own]);
      }
    }
  }

  async drain(): Promise<void> {
    for (const lane of this.#lanes.keys()) {
      while ((this.#lanes.get(lane)?.length ?? 0) > 0) await this.end(lane, 'head', 0);
    }
    expect(await this.#store.counts()).toMatchObject({ inHand: 0, held: 0, due: 0 });
  }
}
