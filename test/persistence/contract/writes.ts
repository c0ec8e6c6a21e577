/**
 * Makers of writes for store tests: each names only what its test is about.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type {
  AcceptWrite,
  ReplayWrite,
  Store,
  UpdateWrite,
  Write,
  WriteResult,
} from '../../../persistence/port/store.ts';

/** A UUID that depends on the number alone. */
export function idOf(number: number): string {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** An accept in hand, without lane, key or expiry. */
export function accept(seq: number, given: Partial<AcceptWrite> = {}): AcceptWrite {
  return {
    kind: 'accept',
    seq,
    id: idOf(seq),
    urgency: 4,
    standing: 'inHand',
    dueAtMs: null,
    route: 'payments',
    subject: null,
    lane: null,
    idempotencyKey: null,
    expiresAtMs: null,
    state: `state ${seq}.1`,
    payload: `payload ${seq}`,
    ...given,
  };
}

/** The first update of an operation, which keeps it in hand. */
export function update(seq: number, given: Partial<UpdateWrite> = {}): UpdateWrite {
  return {
    kind: 'update',
    seq,
    id: idOf(seq),
    urgency: 4,
    expiresAtMs: null,
    subject: null,
    revision: 2,
    standing: 'inHand',
    dueAtMs: null,
    waitsFor: 'turn',
    route: 'payments',
    state: `state ${seq}.2`,
    leavesLane: false,
    payload: `payload ${seq}`,
    ...given,
  };
}

/** Settlement as the engine does it. */
export function settlement(seq: number, given: Partial<UpdateWrite> = {}): UpdateWrite {
  return update(seq, { standing: 'settled', leavesLane: true, payload: null, ...given });
}

/** The end of an operation that was given up, as the engine writes it. */
export function deadLetter(seq: number, given: Partial<UpdateWrite> = {}): UpdateWrite {
  return update(seq, { standing: 'deadLettered', leavesLane: true, ...given });
}

/** The result of a single write. */
export async function commitOne(store: Store, write: Write): Promise<WriteResult | undefined> {
  const [result] = await store.commit([write]);
  return result;
}

/** The way back of an operation that was given up. */
export function replay(seq: number, given: Partial<ReplayWrite> = {}): ReplayWrite {
  return {
    kind: 'replay',
    seq,
    id: idOf(seq),
    revision: 3,
    toSeq: seq + 100,
    dueAtMs: 50,
    waitsFor: 'turn',
    route: 'payments',
    lane: null,
    state: `state ${seq}.3`,
    payload: null,
    ...given,
  };
}
