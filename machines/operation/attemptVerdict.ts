/**
 * What follows a failed attempt: when the operation may be tried again, and whether that is safe (RT-1,
 * RT-2). Which state it goes to for that, the chart decides by the event made here.
 *
 * @module
 */

import type { Failure } from '../policy/retry/classifyFailure.ts';
import {
  leastWaitMs,
  type RetryPolicy,
  retryDelayMs,
  waitsAsAfter,
} from '../policy/retry/retryPolicy.ts';
import { type ByClass, ofClass, paceTier } from '../vocabulary/urgency.ts';
import { type HandlerFacts, isRepeatSafe } from './repeatSafety.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';
import type { SyncOperationEvent } from './syncOperationEvents.ts';

/** The retry policy of each class. */
export type RetryPolicies = ByClass<RetryPolicy>;

/** The retry policies of operations of this type at this upstream. */
export type RetryPoliciesOf = (upstream: string, type: string) => RetryPolicies;

/** How one attempt failed. */
export interface FailedAttempt {
  readonly failure: Failure;
  readonly startedAtMs: number;
  /** When it failed, by the wall clock. */
  readonly atMs: number;
  /** The same, by the steady clock. */
  readonly steadyAtMs: number;
  /** The latest that it may be now: a clock that was set back may say less (docs/decisions/0048). */
  readonly latestMs: number;
  /** A random number from [0, 1), for the jitter of the delay. */
  readonly draw: number;
  /** The rank it runs at: its own, or that of a more urgent one behind it in its lane (OP-4). */
  readonly urgency: number;
}

/**
 * The event of a failed attempt, but for what its upstream's flow control says once it is told. The chart of
 * a crisis reads of it how many attempts follow each other fast.
 */
export type AttemptFailed = Omit<
  Extract<SyncOperationEvent, { type: 'attempt.failed' }>,
  'isUpstreamWell' | 'isDoubted' | 'up'
> & { readonly fastAttemptsMax: number };

/** The event that tells the chart of a failed attempt. */
export function attemptFailed(
  context: SyncOperationContext,
  handler: HandlerFacts,
  policies: RetryPolicies,
  { failure, startedAtMs, atMs, steadyAtMs, latestMs, draw, urgency }: FailedAttempt,
): AttemptFailed {
  const policy = ofClass(policies, context);
  const delayMs = delayAfter(context, policies, failure, { draw, urgency });
  return {
    type: 'attempt.failed',
    startedAtMs,
    atMs,
    steadyAtMs,
    failure,
    retryAtMs: atMs + delayMs,
    isRepeatSafe: isRepeatSafe(context, handler, latestMs + delayMs),
    giveUpAfterMs: policy.giveUpAfterMs,
    fastAttemptsMax: policy.attemptsMax,
  };
}

/** What is known when it turns out that the upstream is at work on an earlier attempt of an edit. */
type PendingFacts = Pick<FailedAttempt, 'atMs' | 'draw' | 'urgency'>;

/**
 * The event that tells the chart of that (CF-8): the same body goes out again, later each time, as after a failure
 * that the upstream asks for with 429, and spends no attempt.
 */
export function conflictPending(
  context: SyncOperationContext,
  policies: RetryPolicies,
  { atMs, ...how }: PendingFacts,
): Extract<SyncOperationEvent, { type: 'conflict.pending' }> {
  const retryAfterMs = context.failure?.retryAfterMs;
  const delayMs = delayAfter(context, policies, { status: 429, retryAfterMs }, how);
  return { type: 'conflict.pending', atMs, retryAtMs: atMs + delayMs };
}

/** How long it waits after a failure, in milliseconds. */
function delayAfter(
  context: SyncOperationContext,
  policies: RetryPolicies,
  failure: Pick<Failure, 'status' | 'retryAfterMs'>,
  { draw, urgency }: Pick<FailedAttempt, 'draw' | 'urgency'>,
): number {
  // Its attempts are its own; its waits are those of whoever waits for it, where these are shorter.
  const pace = ofClass(policies, { priority: context.priority, ...paceTier(context, urgency) });
  const { unspentFailures = 0 } = context;
  const delayMs = retryDelayMs(pace, {
    attempt: waitsAsAfter(pace, context.attempt, unspentFailures, failure),
    draw,
    previousDelayMs: context.delayMs,
    retryAfterMs: failure.retryAfterMs ?? null,
  });
  return Math.max(delayMs, leastWaitMs(pace, unspentFailures));
}
