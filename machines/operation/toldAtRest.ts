/**
 * What a person's word makes of an operation that nothing runs on: it is kept, and the next process goes on
 * from there (OP-5).
 *
 * @module
 */

import { transition } from 'xstate';
import { innermost } from '../vocabulary/innermost.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';
import { operationAt, syncOperationMachine } from './syncOperationMachine.ts';
import type { SyncOperationState } from './syncOperationState.ts';

/** Where an operation is, and what is known of it. */
export interface KeptOperation {
  readonly value: SyncOperationState;
  readonly context: SyncOperationContext;
}

/**
 * `null` where the word changes nothing. One that is cancelled is kept as it would be while its handler is told
 * to stop, and ends when a process next runs: nobody knows here how long its row is to be kept then.
 */
export function toldAtRest(
  { value, context }: KeptOperation,
  wish: 'cancel.requested' | 'retry.requested',
  atMs: number,
): KeptOperation | null {
  if (value === 'cancelling' || value === 'settling') return null;
  // Kept as an order, it was in flight when the process died: how far that had come nobody knows.
  const at = value === 'ordering' ? 'attempting' : value;
  const before = operationAt(at, context);
  const event = { type: wish, atMs };
  if (!before.can(event)) return null;
  if (wish === 'cancel.requested' && at !== 'attempting') return { value: 'cancelling', context };
  const [after] = transition(syncOperationMachine, before, event);
  return { value: innermost(after.value), context: after.context };
}
