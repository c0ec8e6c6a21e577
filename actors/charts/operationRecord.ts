/**
 * Encodes the chart of an operation for its row, and decodes it.
 *
 * @module
 */

import { ACCEPTED_IN, isKept, stateOfRow, stateToKeep } from '../../machines/operation/position.ts';
import {
  operationAt,
  type SyncOperationContext,
  type SyncOperationSnapshot,
  type SyncOperationState,
  syncOperationMachine,
  type Turn,
} from '../../machines/operation/syncOperationMachine.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermost } from '../../machines/vocabulary/innermost.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';
import type { Said } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { AcceptWrite } from '../../persistence/port/store.ts';
import { decodeSnapshot, encodeSnapshot, headOfText } from './snapshots.ts';

/** The text kept for an operation. */
export function encodeOperation(
  {
    value,
    context,
  }: {
    readonly value: SyncOperationSnapshot['value'] | SyncOperationState;
    readonly context: SyncOperationContext;
  },
  said?: Said,
): string {
  const kept = stateToKeep(innermost(value));
  return encodeSnapshot(syncOperationMachine, { value: kept, context }, said);
}

/** The text kept for a new operation, and how that begins where its lane is busy; absent without a lane. */
export function encodeAccepted(
  context: SyncOperationContext,
  turn: Turn,
  lane: string | null,
): { readonly state: AcceptWrite['state']; readonly inLane?: AcceptWrite['inLane'] } {
  const head = headOfText(syncOperationMachine, ACCEPTED_IN[turn]);
  const state = `${head}${JSON.stringify(context)}}`;
  if (lane === null) return { state };
  const headInLane = headOfText(syncOperationMachine, ACCEPTED_IN.awaitsLane);
  return { state, inLane: { head: headInLane, from: head.length } };
}

/**
 * Decodes the row of an operation, whatever version wrote it.
 *
 * @throws HoldfastError as `decodeSnapshot` does; `HF_RECORD_MALFORMED` also for a state that no row is in.
 */
export function decodeOperation(row: { readonly state: string; readonly standing: Standing }): {
  readonly snapshot: SyncOperationSnapshot;
  readonly said: Said;
} {
  const { snapshot, said } = decodeSnapshot(syncOperationMachine, row.state);
  const kept = innermost(snapshot.value);
  if (!isKept(kept)) {
    throw new HoldfastError(
      'HF_RECORD_MALFORMED',
      `A record of ${syncOperationMachine.id} is in a state that is never kept.`,
    );
  }
  const { value, context } = stateOfRow(kept, snapshot.context, row.standing);
  if (value === kept) return { snapshot, said };
  return { snapshot: operationAt(value, context), said };
}
