/**
 * When a waiting operation wakes by itself, and by which event.
 *
 * @module
 */

import { pauseBeforeAloneMs } from '../policy/retry/crashPolicy.ts';
import { innermost } from '../vocabulary/innermost.ts';
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
  value,
  context,
}: Pick<SyncOperationSnapshot, 'value' | 'context'>): {
  readonly type: 'turn.granted' | 'start.due' | 'expiry.due';
  readonly atMs: number;
} | null {
  const state = innermost(value);
  const { expiresAtMs } = context;
  const startAtMs = startDueAtMs(state, context);
  const turnAtMs = startAtMs ?? turnDueAtMs(state, context);
  if (expiresAtMs !== null && (turnAtMs === null || expiresAtMs <= turnAtMs)) {
    return waitsFor(state) === null && !isSuspect(state)
      ? null
      : { type: 'expiry.due', atMs: expiresAtMs };
  }
  if (turnAtMs === null) return null;
  return { type: startAtMs === null ? 'turn.granted' : 'start.due', atMs: turnAtMs };
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
  context: Pick<SyncOperationContext, 'wakeAtMs' | 'startAtMs'>,
): number | null {
  const reason = waitReasonOf(state);
  if (reason === 'startAt') return startDueAtMs(state, context);
  return reason === 'backoff' || reason === 'rate' ? context.wakeAtMs : null;
}

/** When it may begin, where it waits for that; else `null`. */
export function startDueAtMs(
  state: SyncOperationState | null,
  { startAtMs }: Pick<SyncOperationContext, 'startAtMs'>,
): number | null {
  return state === 'scheduled' ? (startAtMs ?? 0) : null;
}

/**
 * By which instant of the wall clock a row is found that waits (`expires_at` on disk): that at which it may
 * begin, else that at which it expires. It begins before it expires, so one of the two is enough.
 */
export function watchedAtMs(
  state: SyncOperationState | null,
  context: Pick<SyncOperationContext, 'startAtMs' | 'expiresAtMs'>,
): number | null {
  return startDueAtMs(state, context) ?? context.expiresAtMs;
}

/** What is told to one that was found by that instant: where both are over, that it has expired. */
export function instantDue(
  { expiresAtMs }: Pick<SyncOperationContext, 'expiresAtMs'>,
  atMs: number,
): 'start.due' | 'expiry.due' {
  return expiresAtMs !== null && expiresAtMs <= atMs ? 'expiry.due' : 'start.due';
}
