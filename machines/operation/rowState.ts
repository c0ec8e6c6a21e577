/**
 * Which state the row of an operation is kept in, and what a row says of the state it is in.
 *
 * @module
 */

import type { Standing } from '../vocabulary/standing.ts';
import { demandOf } from './demand.ts';
import type { SyncOperationContext, SyncOperationState, Turn } from './syncOperationMachine.ts';
import { waitReasonOf } from './waitReason.ts';

/**
 * The state that an operation wakes up in after a restart: a running attempt was ordered, no more, and one
 * that is compared waits for its turn.
 */
export function stateToKeep(state: SyncOperationState): SyncOperationState {
  if (state === 'comparing') return 'waiting';
  return state === 'attempting' || state === 'overhanging' ? 'ordering' : state;
}

/** Where the chart goes once the acceptance is durable, as far as that is kept. */
const ACCEPTED_IN: Readonly<Record<Turn, SyncOperationState>> = {
  granted: 'ordering',
  awaitsUpstream: 'waiting',
  awaitsLane: 'inLane',
  awaitsHandler: 'handlerMissing',
  awaitsStart: 'scheduled',
};

/** The state that a newly accepted row is kept in. */
export function acceptedState(turn: Turn): SyncOperationState {
  return ACCEPTED_IN[turn];
}

/** Whether a row may be in this state: it rests, or its order or its ending is written. */
export function isKept(state: SyncOperationState): boolean {
  const { write } = demandOf(state, { handler: {} });
  return write === 'position' || write === 'order' || write === 'ending';
}

/**
 * What a row says of its operation: it holds the state that wrote it, and where it stands says what
 * became of it since.
 */
export function stateOfRow(
  kept: SyncOperationState,
  context: SyncOperationContext,
  standing: Standing,
): { readonly value: SyncOperationState; readonly context: SyncOperationContext } {
  const hasEnded = standing === 'settled' || standing === 'deadLettered';
  if (hasEnded && context.ending !== null) return { value: context.ending, context };
  if (standing !== 'held') return { value: kept, context };
  // The row was quarantined, and is back behind others of its lane: it waits for that whatever it waited for.
  if (kept === 'ordering')
    return { value: 'inLane', context: { ...context, isOutcomeUnknown: true } };
  const reason = waitReasonOf(kept);
  const isBehind =
    kept === 'waiting' ||
    reason === 'backoff' ||
    reason === 'rate' ||
    reason === 'handler' ||
    reason === 'startAt';
  return { value: isBehind ? 'inLane' : kept, context };
}
