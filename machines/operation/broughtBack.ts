/**
 * Whether a dead letter may come back, as its chart decides: without an actor, so that a million can
 * be asked (OP-5).
 *
 * @module
 */

import { transition } from 'xstate';
import { innermost } from '../vocabulary/innermost.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';
import { type ReplayFacts, syncOperationMachine } from './syncOperationMachine.ts';
import type { SyncOperationState } from './syncOperationState.ts';

/** The state that it goes back in. */
export const BROUGHT_BACK: SyncOperationState = 'replayed';

/** The dead letter as it goes back; `null` when the chart keeps it: its time is over, or it may have been applied. */
export function broughtBack(
  context: SyncOperationContext,
  facts: ReplayFacts,
): SyncOperationContext | null {
  // Its row was written when it was settling; where it stands says that it has arrived.
  const letter = syncOperationMachine.resolveState({ value: 'deadLettered', context });
  const [next] = transition(syncOperationMachine, letter, { type: 'replay.requested', ...facts });
  return innermost(next.value) === BROUGHT_BACK ? next.context : null;
}
