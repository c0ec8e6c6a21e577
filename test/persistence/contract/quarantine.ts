/**
 * Rows that the engine sets aside: listed, put back and purged (PS-3).
 *
 * @module
 */

import { expect, test } from 'vitest';
import type {
  PurgeWrite,
  QuarantineWrite,
  ReinstateWrite,
} from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, idOf, settlement, update } from './writes.ts';

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

function reinstate(seq: number, given: Partial<ReinstateWrite> = {}): ReinstateWrite {
  return { kind: 'reinstate', seq, id: idOf(seq), revision: 1, toSeq: seq + 100, ...given };
}

function purge(seq: number, revision: number): PurgeWrite {
  return { kind: 'purge', seq, id: idOf(seq), revision };
}

const due = { routes: ['payments'], urgencyMax: 9, nowMs: 99, limit: 9 } as const;

export function testQuarantine(contract: Contract): void {
  test('PS-3 one is out of the way, listed with its reason, and put back where it stood', async () => {
    const told: unknown[] = [];
    contract.store().onQuarantine((row) => told.push(row));
    await contract
      .store()
      .commit([
        accept(1, { standing: 'due', dueAtMs: 40, lane: 'a', idempotencyKey: 'k' }),
        accept(2, { lane: 'a' }),
      ]);
    expect(await commitOne(contract.store(), quarantine(1))).toEqual({ kind: 'quarantined' });
    expect(told).toEqual([{ seq: 1, id: idOf(1), code: 'HF_RECORD_UNSUPPORTED' }]);
    expect((await contract.store().claim(due)).rows).toEqual([]);
    expect((await contract.store().freedHeads({ afterSeq: 0, limit: 9 })).rows).toMatchObject([
      { seq: 2 },
    ]);
    expect(await contract.store().find(idOf(1))).toMatchObject({
      standing: 'quarantined',
      state: '',
    });
    expect(await contract.store().quarantine({ afterSeq: 0, limit: 9 })).toMatchObject([
      {
        seq: 1,
        id: idOf(1),
        revision: 1,
        code: 'HF_RECORD_UNSUPPORTED',
        stood: 'due',
        state: 'state 1.1',
        opensNot: null,
      },
    ]);
    await contract.store().commit([settlement(2)]);
    expect(await commitOne(contract.store(), reinstate(1))).toMatchObject({
      kind: 'reinstated',
      operation: { seq: 1, revision: 1, standing: 'due', dueAtMs: 40, payload: 'payload 1' },
    });
    expect((await contract.store().claim(due)).rows).toMatchObject([
      { seq: 1, state: 'state 1.1' },
    ]);
    expect(await commitOne(contract.store(), accept(3, { lane: 'a' }))).toMatchObject({
      laneBusy: true,
    });
    expect(await commitOne(contract.store(), accept(4, { idempotencyKey: 'k' }))).toMatchObject({
      kind: 'duplicate',
    });
    expect(await contract.store().quarantine({ afterSeq: 0, limit: 9 })).toEqual([]);
  });

  test('OP-4 put back while others are in its lane, it goes to the tail', async () => {
    await contract.store().commit([accept(1, { lane: 'a' }), accept(2, { lane: 'a' })]);
    await contract.store().commit([quarantine(1)]);
    await contract.store().commit([update(2)]);
    expect(await commitOne(contract.store(), reinstate(1))).toMatchObject({
      kind: 'reinstated',
      operation: { seq: 101, revision: 2, standing: 'held', payload: 'payload 1' },
    });
    expect((await contract.store().freedHeads({ afterSeq: 0, limit: 9 })).rows).toEqual([]);
    expect(await commitOne(contract.store(), settlement(2, { revision: 3 }))).toMatchObject({
      laneNext: { seq: 101 },
    });
  });

  test('OP-8 one whose key has been given to another stays set aside', async () => {
    await contract.store().commit([accept(1, { idempotencyKey: 'k' })]);
    await contract.store().commit([quarantine(1)]);
    await contract.store().commit([accept(2, { idempotencyKey: 'k' })]);
    expect(await commitOne(contract.store(), reinstate(1))).toEqual({
      kind: 'notReinstated',
      code: 'HF_IDEMPOTENCY_CONFLICT',
    });
    expect(await contract.store().counts()).toMatchObject({ quarantined: 1, inHand: 1 });
  });

  test('PS-3 purged, one is gone; what is not set aside, or has changed since, is left alone', async () => {
    await contract.store().commit([accept(1), accept(2)]);
    await contract.store().commit([quarantine(1)]);
    expect(
      await contract
        .store()
        .commit([
          quarantine(2, { revision: 2 }),
          reinstate(2),
          reinstate(1, { revision: 2 }),
          quarantine(9),
          reinstate(9),
        ]),
    ).toEqual(Array.from({ length: 5 }, () => ({ kind: 'missing' })));
    expect(await commitOne(contract.store(), quarantine(1))).toEqual({ kind: 'quarantined' });
    expect(await commitOne(contract.store(), purge(1, 1))).toEqual({
      kind: 'purged',
      laneNext: null,
    });
    expect(await contract.store().find(idOf(1))).toBeNull();
    expect(await contract.store().counts()).toMatchObject({ quarantined: 0, inHand: 1 });
  });
}
