/**
 * The records of operations: accepted, updated, listed, and kept once under one idempotency key.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { Standing, Write } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, settlement, update } from './writes.ts';

export function testAcceptance(contract: Contract): void {
  test('OP-2 an accepted operation is there after the store is closed and opened again', async () => {
    const store = contract.store();
    expect(await commitOne(store, accept(1, { urgency: 2 }))).toEqual({
      kind: 'accepted',
      laneBusy: false,
      raised: null,
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
    const again = await contract.reopened();
    expect((await again.open()).created).toBe(false);
    expect(await again.find(idOf(1))).toEqual(expected);
    expect(await again.inHand({ after: null, limit: 10 })).toEqual([expected]);
    expect(again.nextSeq()).toBe(2);
  });

  test('OP-2 an update replaces the state and can erase the payload', async () => {
    const store = contract.store();
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
    const store = contract.store();
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
    const store = contract.store();
    await store.commit([accept(9)]);
    await expect(store.commit([accept(5), write])).rejects.toMatchObject({ code: 'HF_INTERNAL' });
    expect(await store.list({ afterSeq: 0, limit: 10 })).toHaveLength(1);
    expect(await store.find(idOf(9))).toMatchObject({ revision: 1, state: 'state 9.1' });
  });

  test('OP-2 writes to a row that is not there are missing, and a withdrawn row is gone', async () => {
    const store = contract.store();
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
    const store = contract.store();
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

  test('OP-2 lists run in order of acceptance, without payloads, and counts agree', async () => {
    const store = contract.store();
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

  test('OP-2 calls take effect in the order they were made', async () => {
    const store = contract.store();
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
}
