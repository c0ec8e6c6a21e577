/**
 * Why an operation waits, as it is shown: its own reason, or that of its upstream.
 *
 * @module
 */

import { BROUGHT_BACK } from '../../machines/operation/repeatSafety.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import { waitsSinceMs } from '../../machines/operation/waitReason.ts';
import { NEVER_MS } from '../../machines/vocabulary/standing.ts';
import type { ChartOfWork, WorkContext, WorkState } from '../charts/chartOfWork.ts';
import type { ParkReason } from '../facts/fact.ts';
import type { Resident } from './resident.ts';

/** What an operation waits for. Instants are those of the wall clock, in milliseconds since the epoch. */
export interface OperationWait {
  readonly reason: ParkReason;
  readonly sinceAtMs: number;
  /** When that ends by itself, as far as is known; `null` where nobody knows. */
  readonly untilAtMs: number | null;
}

/** What one that waits for its turn waits for at its upstream now. */
export type TurnWaitOf = (
  context: Pick<SyncOperationContext, 'type' | 'subject' | 'upMark'>,
  urgency: number,
) => Pick<OperationWait, 'reason' | 'untilAtMs'>;

/** By what a wait is shown. */
export interface ShownWaits {
  readonly turnOf: TurnWaitOf;
  /** Whether a handler is registered that takes it. */
  readonly isHandled: (context: Pick<SyncOperationContext, 'type' | 'priority'>) => boolean;
  /** Where the wall clock, as it is set now, stands or stood at this time of the steady clock. */
  readonly toWall: (atMs: number) => number;
  /** Where the wall clock stands. */
  readonly now: () => number;
}

/** For a store at rest: nothing runs, and the next process begins where the wall clock stands then. */
export const WAITS_AT_REST: ShownWaits = {
  turnOf: () => ({ reason: 'start', untilAtMs: null }),
  isHandled: () => false,
  toWall: (atMs) => atMs,
  // However late it is, nothing begins.
  now: () => 0,
};

/** By so much the wall clock may have drifted: an instant that was written down stands. */
const DRIFT_MS_MAX = 1_000;

/**
 * When it is tried again, or begins, where time is what it waits for: by the wall clock as it is set now. What was
 * written down is by the wall clock as it was set when the wait began; the wait itself goes by the steady clock.
 *
 * @param dueAtMs when it is due by the steady clock; `null` where nobody has said so yet
 */
export function shownRetryAtMs(
  chart: ChartOfWork,
  state: WorkState,
  context: WorkContext,
  dueAtMs: number | null,
  { toWall }: Pick<ShownWaits, 'toWall'>,
): number | null {
  const writtenAtMs = chart.retryAtMs(state, context);
  if (writtenAtMs === null || dueAtMs === null || dueAtMs === NEVER_MS) return writtenAtMs;
  const presentAtMs = toWall(dueAtMs);
  return Math.abs(presentAtMs - writtenAtMs) <= DRIFT_MS_MAX ? writtenAtMs : presentAtMs;
}

/** `null` where it waits for nothing: it is under way, being written, or has ended. */
export function waitOf(
  chart: ChartOfWork,
  state: WorkState,
  context: WorkContext,
  { urgency, standing }: Pick<Resident, 'urgency' | 'standing'>,
  retryAtMs: number | null,
  { turnOf, isHandled, now }: Pick<ShownWaits, 'turnOf' | 'isHandled' | 'now'>,
): OperationWait | null {
  // What a person runs again is kept in the same state for its turn and behind others of its entity.
  const isBehind = state === BROUGHT_BACK && standing === 'held';
  const own = isBehind ? 'lane' : chart.waitReasonOf(state);
  const sinceAtMs = waitsSinceMs(context);
  // Once its backoff is over, its token is due or its instant has come, it waits for its turn, in the state it was in before.
  const isTimed = own === 'backoff' || own === 'rate' || own === 'startAt';
  const isOver = isTimed && retryAtMs !== null && retryAtMs <= now();
  // A store that is held takes up nothing: what waited for a handler that is here now waits for its release.
  const isTaken = own === 'handler' && isHandled(context);
  if (own !== null && own !== 'turn' && !isOver && !isTaken) {
    return { reason: own, sinceAtMs, untilAtMs: retryAtMs };
  }
  if (own === null && !chart.isInLine(state)) return null;
  return { sinceAtMs, ...turnOf(context, urgency) };
}
