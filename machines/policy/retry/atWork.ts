/**
 * How long an upstream may be at work on an attempt that its caller has no answer of: for that long a 409 tells that it
 * is, and that its key is in use (RT-1, docs/decisions/0186). It counts while the upstream is up.
 *
 * @module
 */

import { type Failure, mayBeApplied } from './classifyFailure.ts';
import { isGivenUp, type UpTime, upMark } from './giveUp.ts';

/** Ten minutes: no gateway or server lets a call run as long. */
export const AT_WORK_MS = 600_000;

/** From where that counts after a failure: from the last attempt that may have been applied, or the first 409 after it. */
export function workMark(
  before: UpTime | undefined,
  failure: Failure,
  now: UpTime | undefined,
): UpTime | undefined {
  if (now === undefined) return before;
  if (mayBeApplied(failure)) return now;
  return failure.conflictIs === undefined ? before : upMark(before, now);
}

/** Whether a failure no longer shows that the upstream is at work. */
export function isAtWorkTooLong(
  mark: UpTime | undefined,
  failure: Failure,
  now: UpTime | undefined,
): boolean {
  if (failure.conflictIs !== 'unlikely' || now === undefined) return false;
  return isGivenUp(mark, now, AT_WORK_MS);
}
