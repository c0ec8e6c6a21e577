/**
 * What a guarded call rejects with where its function did not say it: typed, and without a stack, which
 * costs more than the call.
 *
 * @module
 */

import { AttemptFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { WaitCause } from '../../machines/vocabulary/standing.ts';

export function attemptTimedOut(): AttemptFailure {
  return new AttemptFailure('unknownOutcome', 'The attempt reached its deadline.', {
    code: 'HF_ATTEMPT_TIMED_OUT',
  });
}

export function callExpired(cause: unknown): HoldfastError {
  return new HoldfastError('HF_EXPIRED', 'The deadline of the call has passed.', {
    cause,
    withStack: false,
  });
}

export function callsFull(upstream: string, waiting: number): HoldfastError {
  return new HoldfastError(
    'HF_QUEUE_FULL',
    `${waiting} calls wait for ${upstream} already; this one was not made.`,
    { retry: 'later', withStack: false },
  );
}

/** @param cause what the attempt before threw, if there was one */
export function upstreamDown(upstream: string, because: WaitCause, cause: unknown): HoldfastError {
  const why = because === 'operator' ? 'is held closed to calls by an operator' : 'is down';
  return new HoldfastError('HF_UPSTREAM_DOWN', `${upstream} ${why}; no attempt was made.`, {
    retry: 'later',
    cause,
    withStack: false,
  });
}
