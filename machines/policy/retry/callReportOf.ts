/**
 * What a failed attempt says about its upstream (CB-1, OP-3): who is to blame for a failure is asked
 * here once.
 *
 * @module
 */

import { type CallReport, type CallSign, SILENT } from '../flow/callReport.ts';
import type { Failure } from './classifyFailure.ts';

/**
 * The report of a call that failed so.
 *
 * A refusal (422) or a conflict is an answer of a healthy upstream. Work that was cut off from here says
 * nothing: cancelled, stopped, or at the operation's own expiry. Nor does an exception of the app's own
 * code, which would fail at any upstream.
 *
 * @param isOwnExpiry it was the operation's time that was over, not the attempt's time-out
 *
 * @example
 * ```ts
 * callReportOf({ failureClass: 'transient', code: 'HF_ATTEMPT_FAILED', message: 'Not now.', status: 503 }, false);
 * // { sign: 'busy' }
 * ```
 */
export function callReportOf(failure: Failure, isOwnExpiry: boolean): CallReport {
  const sign = isOwnExpiry ? 'silent' : signOf(failure);
  if (sign === 'silent') return SILENT;
  const { retryAfterMs } = failure;
  return retryAfterMs === undefined ? { sign } : { sign, retryAfterMs };
}

function signOf({ code, failureClass, status, notApplied, exception }: Failure): CallSign {
  if (code === 'HF_CANCELLED' || code === 'HF_CLOSED' || exception !== undefined) return 'silent';
  if (code === 'HF_UPSTREAM_UNREACHABLE') return 'unreachable';
  if (code === 'HF_ATTEMPT_TIMED_OUT') return 'timedOut';
  if (status !== undefined) return signOfStatus(status);
  // Without a status nobody answered: it was refused here, or its handler says what the trouble is.
  if (failureClass === 'permanent' || failureClass === 'conflict') return 'silent';
  return notApplied === true ? 'busy' : 'failed';
}

function signOfStatus(status: number): CallSign {
  if (status === 429) return 'pushedBack';
  if (status === 503) return 'busy';
  // 408 comes from what stands before an upstream that is too slow to read.
  return status >= 500 || status === 408 ? 'failed' : 'answered';
}
