/**
 * When a waiting operation wakes by itself, and by which event.
 *
 * @module
 */

import { pauseBeforeAloneMs } from '../policy/retry/crashPolicy.ts';
import { isSuspect } from './demand.ts';
import { waitsFor } from './position.ts';
import type {
  SyncOperationContext,
  SyncOperationSnapshot,
  SyncOperationState,
} from './syncOperationMachine.ts';
import { waitReasonOf } from './waitReason.ts';

/**
 * The event that it waits for and when that is due, by the wall clock: its turn, to be granted from then
 * on, or the end of its time, whichever comes first. `null` where only its lane, a handler or a person
 * wakes it, and where it does not wait.
 */
export function operationDue({
  value: state,
  context,
}: Pick<SyncOperationSnapshot, 'value' | 'context'>): {
  readonly type: 'turn.granted' | 'expiry.due';
  readonly atMs: number;
} | null {
  const { expiresAtMs } = context;
  const turnAtMs = turnDueAtMs(state, context);
  if (expiresAtMs !== null && (turnAtMs === null || expiresAtMs <= turnAtMs)) {
    return waitsFor(state) === null && !isSuspect(state)
      ? null
      : { type: 'expiry.due', atMs: expiresAtMs };
  }
  return turnAtMs === null ? null : { type: 'turn.granted', atMs: turnAtMs };
}

/** When its turn may be granted; `null` where it does not wait for that. */
function turnDueAtMs(
  state: SyncOperationState,
  { wakeAtMs, crashes }: SyncOperationContext,
): number | null {
  if (isSuspect(state)) return wakeAtMs + pauseBeforeAloneMs(crashes);
  const what = waitsFor(state);
  return what === 'turn' || what === 'rate' ? wakeAtMs : null;
}

/** When it is tried again, by the wall clock; `null` where time is not what it waits for. */
export function retryAtMs(
  state: SyncOperationState,
  { wakeAtMs }: Pick<SyncOperationContext, 'wakeAtMs'>,
): number | null {
  const reason = waitReasonOf(state);
  return reason === 'backoff' || reason === 'rate' ? wakeAtMs : null;
}
