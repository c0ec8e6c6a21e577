/**
 * Dead letters: listed, replayed and purged (OP-5).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { armFaultPoint } from '../../../persistence/port/faultPoints.ts';
import type {
  AcceptWrite,
  PurgeWrite,
  QuarantineWrite,
  Store,
} from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, replay, settlement, update } from './writes.ts';

function quarantine(seq: number, given: Partial<QuarantineWrite> = {}): QuarantineWrite {
  return {
    kind: 'quarantine',
    seq,
    id: idOf(seq),
    revision: 1,
    code: 'HF_RECORD_UNSUPPORTED',
    ...given,
  };
}

function purge(seq: number, revision: number): PurgeWrite {
  return { kind: 'purge', seq, id: idOf(seq), revision };
}

const due = { routes: ['payments'], urgencyMax: 9, nowMs: 99, limit: 9 } as const;

export function testDeadLetters(contract: Contract): void {
  test("OP-5 a dead letter keeps its payload and its key, and is no longer anybody's to run", async () => {
    const store = contract.store();
    await store.commit([accept(1, { idempotencyKey: 'key', lane: 'a' }), accept(2, { lane: 'a' })]);
    expect(await commitOne(store, deadLetter(1))).toMatchObject({ laneNext: { seq: 2 } });
    const again = await contract.reopened();
    await again.open();
    expect(await again.find(idOf(1))).toMatchObject({
      standing: 'deadLettered',
      dueAtMs: null,
      payload: 'payload 1',
    });
    expect(await again.inHand({ after: null, limit: 9 })).toEqual([]);
    expect(await commitOne(again, accept(3, { idempotencyKey: 'key' }))).toMatchObject({
      kind: 'duplicate',
      of: { seq: 1 },
    });
  });

  async function dead(...accepted: readonly AcceptWrite[]): Promise<void> {
    await contract.store().commit(accepted);
    await contract.store().commit(accepted.map(({ seq }) => deadLetter(seq)));
  }

  test('OP-5 are listed newest first or oldest first, a page at a time, by route where one is given', async () => {
    await dead(accept(1), accept(2), accept(3));
    await contract.store().commit([accept(4), accept(5)]);
    await contract.store().commit([settlement(4), deadLetter(5, { route: 'mail' })]);
    const list = async (query: Partial<Parameters<Store['deadLetters']>[0]>) => {
      const fromSeq = query.order === 'oldest' ? 0 : Number.MAX_SAFE_INTEGER;
      const page = await contract
        .store()
        .deadLetters({ order: 'newest', fromSeq, limit: 9, ...query });
      return { seqs: page.rows.map(({ seq }) => seq), nextSeq: page.nextSeq };
    };
    expect(await list({})).toEqual({ seqs: [5, 3, 2, 1], nextSeq: null });
    expect(await list({ limit: 2 })).toEqual({ seqs: [5, 3], nextSeq: 3 });
    expect(await list({ fromSeq: 3 })).toEqual({ seqs: [2, 1], nextSeq: null });
    expect(await list({ order: 'oldest', limit: 3 })).toEqual({ seqs: [1, 2, 3], nextSeq: 3 });
    expect(await list({ routes: ['mail'] })).toEqual({ seqs: [5], nextSeq: null });
    // What was looked at counts, so that a page of few stays a bounded piece of work.
    expect(await list({ routes: ['mail'], order: 'oldest', limit: 3 })).toEqual({
      seqs: [],
      nextSeq: 3,
    });
    const { rows } = await contract.store().deadLetters({ order: 'newest', fromSeq: 2, limit: 1 });
    expect(rows[0]).toMatchObject({ state: 'state 1.2', payload: null });
  });

  test('OP-5 replayed, one is due with its payload, or with an edited one', async () => {
    await dead(accept(1), accept(2));
    expect(await contract.store().commit([replay(1), replay(2, { payload: 'edited' })])).toEqual([
      { kind: 'replayed', laneBusy: false, raised: null },
      { kind: 'replayed', laneBusy: false, raised: null },
    ]);
    expect((await contract.store().claim(due)).rows).toMatchObject([
      { seq: 1, revision: 3, state: 'state 1.3', payload: 'payload 1' },
      { seq: 2, revision: 3, state: 'state 2.3', payload: 'edited' },
    ]);
    expect(await contract.store().counts()).toMatchObject({ due: 2, deadLettered: 0 });
    await contract.store().commit([update(1, { revision: 4 })]);
    expect(await contract.store().find(idOf(1))).toMatchObject({
      revision: 4,
      payload: 'payload 1',
    });
  });

  test('OP-8 replayed, one keeps its idempotency key', async () => {
    await dead(accept(1, { idempotencyKey: 'k', lane: 'a' }));
    await contract.store().commit([replay(1, { lane: 'a' })]);
    expect(await commitOne(contract.store(), accept(2, { idempotencyKey: 'k' }))).toMatchObject({
      kind: 'duplicate',
      of: { id: idOf(1), seq: 101 },
    });
  });

  test('OP-4 one that had left its lane goes to its tail', async () => {
    await dead(accept(1, { lane: 'a' }));
    await contract.store().commit([accept(2, { lane: 'a' }), accept(3, { lane: 'a' })]);
    expect(await commitOne(contract.store(), replay(1, { lane: 'a' }))).toEqual({
      kind: 'replayed',
      laneBusy: true,
      raised: null,
    });
    expect(await contract.store().find(idOf(1))).toMatchObject({
      seq: 101,
      standing: 'held',
      dueAtMs: null,
      payload: 'payload 1',
    });
    expect(await commitOne(contract.store(), settlement(2))).toMatchObject({
      laneNext: { seq: 3 },
    });
    expect(await commitOne(contract.store(), settlement(3, { revision: 2 }))).toMatchObject({
      laneNext: { seq: 101, payload: 'payload 1' },
    });
  });

  test('OP-4 one that still holds its lane blocks it until it is replayed, and goes first', async () => {
    await contract.store().commit([accept(1, { lane: 'a' }), accept(2, { lane: 'a' })]);
    expect(await commitOne(contract.store(), deadLetter(1, { leavesLane: false }))).toEqual({
      kind: 'updated',
      laneNext: null,
    });
    expect((await contract.store().freedHeads({ afterSeq: 0, limit: 9 })).rows).toEqual([]);
    expect(await commitOne(contract.store(), replay(1, { lane: 'a' }))).toEqual({
      kind: 'replayed',
      laneBusy: false,
      raised: null,
    });
    expect((await contract.store().claim(due)).rows).toMatchObject([{ seq: 1 }]);
    expect(await commitOne(contract.store(), settlement(1, { revision: 4 }))).toMatchObject({
      laneNext: { seq: 2 },
    });
  });

  test('OP-5 purged, one is gone, and gives its lane to the next', async () => {
    await contract
      .store()
      .commit([accept(1, { lane: 'a', idempotencyKey: 'k' }), accept(2, { lane: 'a' })]);
    await contract.store().commit([deadLetter(1, { leavesLane: false })]);
    expect(await commitOne(contract.store(), purge(1, 2))).toMatchObject({
      kind: 'purged',
      laneNext: { seq: 2 },
    });
    expect(await contract.store().find(idOf(1))).toBeNull();
    expect(await commitOne(contract.store(), accept(3, { idempotencyKey: 'k' }))).toMatchObject({
      kind: 'accepted',
    });
  });

  test('OP-5 what is no dead letter, or another revision of one, is left alone', async () => {
    await dead(accept(1));
    await contract.store().commit([accept(2), accept(3)]);
    await contract.store().commit([settlement(3)]);
    const missing = { kind: 'missing' };
    expect(
      await contract
        .store()
        .commit([
          replay(1, { revision: 4 }),
          purge(1, 1),
          replay(2, { revision: 2 }),
          purge(2, 1),
          replay(3),
          purge(3, 2),
          replay(9),
          purge(9, 1),
        ]),
    ).toEqual(Array.from({ length: 8 }, () => missing));
  });

  test('PS-3 an update of a row that was set aside while it ran brings state and payload back', async () => {
    for (const [seq, payload] of [
      [1, 'small'],
      [2, 'l'.repeat(5_000)],
    ] as const) {
      await contract.store().commit([accept(seq, { payload })]);
      await contract.store().commit([quarantine(seq)]);
      await contract.store().commit([update(seq, { payload })]);
      expect(await contract.store().find(idOf(seq))).toMatchObject({
        standing: 'inHand',
        state: `state ${seq}.2`,
        payload,
      });
    }
  });

  test('OP-5 one without a payload runs only with a new one', async () => {
    await contract.store().commit([accept(1)]);
    await contract.store().commit([deadLetter(1, { payload: null })]);
    expect(await commitOne(contract.store(), replay(1))).toEqual({ kind: 'missing' });
    expect(await commitOne(contract.store(), replay(1, { payload: 'new' }))).toMatchObject({
      kind: 'replayed',
    });
  });

  test('PS-2 a repeat of a replay or a purge changes nothing', async () => {
    await dead(accept(1, { lane: 'a' }), accept(2));
    const writes = [replay(1, { lane: 'a' }), purge(2, 2)];
    await contract.store().commit(writes);
    expect(await contract.store().commit(writes)).toEqual([
      { kind: 'replayed', laneBusy: false, raised: null, isRepeat: true },
      { kind: 'missing' },
    ]);
    expect(await contract.store().counts()).toMatchObject({ due: 1, deadLettered: 0 });
  });

  test.runIf(contract.faultsReachIt)(
    'PS-6 a replay or purge whose commit failed can be made again, whether it reached the disk or not',
    async () => {
      for (const point of ['store.beforeCommit', 'store.afterCommit'] as const) {
        const first = contract.store().nextSeq();
        const lane = `lane ${first}`;
        const [a, b, c] = [first, first + 1, first + 2];
        for (let seq = a; seq < c; seq += 1) contract.store().nextSeq();
        await contract.store().commit([accept(a), accept(b, { lane }), accept(c, { lane })]);
        await contract.store().commit([deadLetter(a), deadLetter(b, { leavesLane: false })]);
        const writes = [replay(a, { lane: null }), purge(b, 2)];
        armFaultPoint(point, 1, 'throw');
        await expect(contract.store().commit(writes)).rejects.toMatchObject({
          code: 'HF_STORE_UNAVAILABLE',
        });
        const [replayed, purged] = await contract.store().commit(writes);
        expect(replayed).toMatchObject({ kind: 'replayed', laneBusy: false, raised: null });
        // The next in the lane is found, by the repeat or among the freed heads.
        const { rows: freed } = await contract.store().freedHeads({ afterSeq: 0, limit: 99 });
        expect([purged?.kind, freed.map(({ seq }) => seq)]).toEqual([expect.any(String), [c]]);
        await contract.store().commit([settlement(c)]);
      }
    },
  );
}
