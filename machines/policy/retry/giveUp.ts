/**
 * When an operation is given up for the time that it has been tried (OP-5): time in which its upstream
 * was up, so that no outage, however long, ends one.
 *
 * @module
 */

import type { Failure } from './classifyFailure.ts';

/** How long an upstream was up, in all, in milliseconds, and which. */
export interface UpTime {
  readonly upstream: string;
  readonly upMs: number;
}

/** Three days: a weekend passes before a person has to look. */
export const GIVE_UP_AFTER_MS = 72 * 3_600_000;

/** From where the time counts: from before, or from now on at another upstream. */
export function upMark(before: UpTime | undefined, now: UpTime): UpTime {
  return before?.upstream === now.upstream ? before : now;
}

/**
 * Whether the time is over. An upstream whose own memory of that was lost counts anew.
 *
 * @param afterMs of the class of the operation; `null` for never
 */
export function isGivenUp(mark: UpTime | undefined, now: UpTime, afterMs: number | null): boolean {
  if (afterMs === null || mark?.upstream !== now.upstream) return false;
  return now.upMs - mark.upMs >= afterMs;
}

/** Why it ends; `last` is how its last attempt failed. */
export function givenUp(last: Failure | null): Failure {
  const why = last === null ? '' : ` The last failure: ${last.message}`;
  return {
    failureClass: 'permanent',
    code: 'HF_GIVEN_UP',
    message: `It was tried for as long as its policy allows while its upstream was up.${why}`,
  };
}
