/**
 * Whether what became of its upstream excuses a failure, so that it spends no attempt (RT-1,
 * docs/decisions/0120). That is known later than the failure: it is asked when the operation has its next
 * turn.
 *
 * @module
 */

import type { Failure } from './classifyFailure.ts';

/** What is known of the upstream when an operation that has failed has its next turn. */
export interface ExcuseFacts {
  /** The failure lay in an outage, or in a long run of failures; the first of them lie in it too. */
  readonly wasOutage: boolean;
  /** True while its upstream fails in a row and nobody knows yet whether that is an outage. */
  readonly isDoubted: boolean;
  /** Calls of other operations failed in the same run of failures; true where nobody knows. */
  readonly haveOthersFailed: boolean;
  /**
   * Nothing but its kind failed in that run, another was answered, and its own failed again: the upstream was up, and
   * one endpoint of it fails.
   */
  readonly isDisproved: boolean;
}

/** The counts of an operation whose failure is judged. */
export interface Judged {
  readonly failure: Failure | null;
  /** When it failed, by the steady clock; absent once that is judged, or where it spent nothing. */
  readonly failedAtMs?: number | undefined;
  readonly attempt: number;
  readonly attemptsMax: number | null;
}

/**
 * Whether the failure spends no attempt after all. While its upstream fails in a row, and nobody knows
 * yet what that is, an operation without another attempt is not ended: it goes out under the same number.
 */
export function isExcused(judged: Judged, facts: ExcuseFacts): boolean {
  const { failure, failedAtMs } = judged;
  if (failedAtMs === undefined || failure === null || facts.isDisproved) return false;
  if (needsOthers(failure) && !facts.haveOthersFailed) return false;
  return facts.wasOutage || (facts.isDoubted && isLast(judged));
}

/** Whether an operation that is not excused has no attempt left: it ends at its turn. */
export function isExhausted(judged: Judged, isExcusedNow: boolean): boolean {
  return judged.failedAtMs !== undefined && isLast(judged) && !isExcusedNow;
}

/**
 * Whether a failure may be the first of an outage: a call was cut off, and nothing was answered. Others that
 * are cut off with it are heard of only after it, so that a last attempt that failed so is judged later in
 * any case. What surely changed nothing has its own rule (`spendsAttempt`).
 */
export function mayBeFirstOfOutage(failure: Failure): boolean {
  return failure.failureClass === 'unknownOutcome' && !needsOthers(failure);
}

function isLast({ attempt, attemptsMax }: Judged): boolean {
  return attemptsMax !== null && attempt >= attemptsMax;
}

/**
 * Whether the failure may lie in the request, though its upstream seems to be down: the upstream has looked
 * at it and answered, or the handler failed by itself. One such request alone can open a breaker, and would
 * never end. Where nothing was answered, or 503, it does not.
 */
function needsOthers({ failureClass, status, notApplied, exception }: Failure): boolean {
  if (exception !== undefined) return true;
  if (status !== undefined) return status !== 503;
  return failureClass === 'transient' && notApplied !== true;
}
