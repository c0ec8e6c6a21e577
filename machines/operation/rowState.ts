/**
 * Which state the row of an operation is kept in, and what a row says of the state it is in.
 *
 * @module
 */

import type { Standing } from '../vocabulary/standing.ts';
import type { Ending, SyncOperationState } from './syncOperationMachine.ts';

/** The state that an operation wakes up in after a restart: a running attempt was ordered, no more. */
export function stateToKeep(state: SyncOperationState): SyncOperationState {
  return state === 'attempting' ? 'ordering' : state;
}

/** The state that a row is in: it holds the one that wrote it, and where it stands says what became of it. */
export function stateOfRow(
  kept: SyncOperationState,
  ending: Ending | null,
  standing: Standing,
): SyncOperationState {
  if ((standing === 'settled' || standing === 'deadLettered') && ending !== null) return ending;
  if (kept !== 'accepting') return kept;
  if (standing === 'due') return 'waiting';
  return standing === 'held' ? 'inLane' : kept;
}
