/**
 * A dead letter on its way back: the chart decides whether, the store keeps that it was ordered, and
 * only then does anything run (OP-5, PS-2). No actor is needed for it, so a million can go back.
 *
 * @module
 */

import { transition } from 'xstate';
import {
  type ReplayFacts,
  type SyncOperationContext,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import type { ReplayWrite, StoredOperation } from '../../persistence/port/store.ts';
import { decodeSnapshot, encodeSnapshot } from '../charts/snapshots.ts';
import { laneOf, type Place } from '../operation/resident.ts';

/** What the row of a dead letter says of it. */
export function deadLetterContext(row: StoredOperation): SyncOperationContext {
  return decodeSnapshot(syncOperationMachine, row.state).snapshot.context;
}

/** The dead letter as it goes back; `null` when the chart keeps it: its time is over, or it may have been applied. */
export function broughtBack(
  context: SyncOperationContext,
  facts: ReplayFacts,
): SyncOperationContext | null {
  // Its row was written when it was settling; where it stands says that it has arrived.
  const letter = syncOperationMachine.resolveState({ value: 'deadLettered', context });
  const [next] = transition(syncOperationMachine, letter, { type: 'replay.requested', ...facts });
  return next.value === 'replayed' ? next.context : null;
}

/** The write that orders it; `payload` is an edited one. */
export function replayWrite(
  row: StoredOperation,
  context: SyncOperationContext,
  to: { readonly place: Place; readonly toSeq: number; readonly payload: string | null },
): ReplayWrite {
  return {
    kind: 'replay',
    seq: row.seq,
    id: row.id,
    revision: row.revision + 1,
    toSeq: to.toSeq,
    dueAtMs: to.place.dueAtMs ?? 0,
    waitsFor: to.place.waitsFor,
    route: to.place.route,
    lane: laneOf(context),
    state: encodeSnapshot(syncOperationMachine, { value: 'replayed', context }),
    payload: to.payload,
  };
}
