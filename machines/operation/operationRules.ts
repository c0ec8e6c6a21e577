/**
 * What guards and actions of the operation's chart have in common. The chart's setup is in syncOperationSetup.ts.
 *
 * @module
 */

import { workMark } from '../policy/retry/atWork.ts';
import { type Failure } from '../policy/retry/classifyFailure.ts';
import { mayBeFirstOfOutage } from '../policy/retry/excuse.ts';
import { type HistoryEntry, withEntry } from '../policy/retry/history.ts';
import { spendsAttempt } from '../policy/retry/retryPolicy.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';
import type { FailureFacts, TurnFacts } from './syncOperationEvents.ts';

/**
 * It was accepted as no edit, and its handler merges records by now. What it has sent and was surely not applied goes
 * out merged, under a key of its own; what is in doubt keeps its key, and goes out as it is or not at all (OP-3).
 */
export function becomingEdit(context: SyncOperationContext): Partial<SyncOperationContext> {
  if (isUnsent(context) || context.isOutcomeUnknown) return { isEdit: true };
  return { isEdit: true, round: (context.round ?? 0) + 1, firstAttemptAtMs: null };
}

/** Whether nothing can have gone out under its present key: a plain replay brings back one that was sent. */
function isUnsent({ firstAttemptAtMs, history }: SyncOperationContext): boolean {
  const last = history.at(-1);
  const isNew = last === undefined || last.what === 'editedReplayRequested';
  return firstAttemptAtMs === null && isNew;
}

export function isUncompared({ isEdit, isCompared }: SyncOperationContext): boolean {
  return isEdit === true && isCompared !== true;
}

/** The operation has its turn: it takes the next attempt number, unless the one before never ran, or failed for an outage. */
export function turnTaken(
  { attempt, isSpent, unspentFailures = 0, failedAtMs, rate }: SyncOperationContext,
  { wasOutage }: TurnFacts,
): Partial<SyncOperationContext> {
  const isExcused = isSpent && wasOutage === true;
  return {
    attempt: isSpent && !isExcused ? attempt + 1 : attempt,
    isSpent: false,
    ...(isExcused ? { unspentFailures: unspentFailures + 1 } : {}),
    ...(failedAtMs === undefined ? {} : { failedAtMs: undefined }),
    ...(rate === undefined ? {} : { rate: undefined }),
  };
}

/** Whether another attempt could fare otherwise, and an outage may be to blame. */
export function mayPass({ failureClass }: Failure): boolean {
  return failureClass === 'transient' || failureClass === 'unknownOutcome';
}

/** Where it may lie in an outage, as far as is known now, it has one more turn, at which it is judged. */
export function hasAttemptsLeft(
  { attempt, attemptsMax, isSingledOut }: SyncOperationContext,
  { failure, isUpstreamWell, isDoubted }: FailureFacts,
): boolean {
  return (
    isDoubted ||
    mayBeFirstOfOutage(failure) ||
    attemptsMax === null ||
    attempt < attemptsMax ||
    !spendsAttempt(failure, isUpstreamWell, isSingledOut === true)
  );
}

/** Since when its upstream may be at work on an attempt in doubt; most failures tell nothing of that. */
export function atWork(
  context: SyncOperationContext,
  failure: Failure,
  up: FailureFacts['up'],
): Pick<SyncOperationContext, 'workMark'> {
  const mark = workMark(context.workMark, failure, up);
  return mark === context.workMark ? {} : { workMark: mark };
}

/** What it waited for is there. Its time until it is given up does not count that, and begins anew. */
export function beginningToWait(
  { upMark: mark, workMark: atWorkMark, startAtMs }: SyncOperationContext,
  atMs: number,
): Partial<SyncOperationContext> {
  return {
    wakeAtMs: atMs,
    sinceAtMs: atMs,
    ...(mark === undefined ? {} : { upMark: undefined }),
    ...(atWorkMark === undefined ? {} : { workMark: undefined }),
    ...(startAtMs === undefined ? {} : { startAtMs: undefined }),
  };
}

/**
 * One more line of history. What happened to an attempt also shows that there was one: where none
 * was ordered since, it is the one that was ordered at acceptance.
 */
export function remembering(
  context: SyncOperationContext,
  what: HistoryEntry['what'],
  atMs: number,
  failed?: Failure & { readonly startedAtMs: number },
): Pick<SyncOperationContext, 'history' | 'firstAttemptAtMs'> {
  const entry = { atMs, what, attempt: context.attempt, code: failed?.code ?? null };
  return {
    history: withEntry(
      context.history,
      failed === undefined
        ? entry
        : {
            ...entry,
            startedAtMs: failed.startedAtMs,
            failureClass: failed.failureClass,
            ...(failed.exception === undefined ? {} : { exception: failed.exception }),
          },
    ),
    firstAttemptAtMs: context.firstAttemptAtMs ?? context.acceptedAtMs,
  };
}
