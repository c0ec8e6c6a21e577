/**
 * Tells work that may kill the process from work that was merely in flight beside it (RT-4, docs/decisions/0033).
 *
 * @module
 */

import { type Failure, mayBeApplied } from './classifyFailure.ts';
import { isGivenUp, type UpTime, upMark } from './retryPolicy.ts';

/** Found in flight at this many crashes in a row, an operation runs with nothing else in flight. */
export const CRASHES_IN_A_ROW_MAX = 3;

/** At this many crashes while it ran alone it goes to the dead letters. A crisis never does. */
export const CRASHES_ALONE_MAX = 3;

/** How many suspects of one upstream may run beside each other. */
export const SUSPECTS_IN_FLIGHT_MAX = 4;

/** Before the second run alone, before the third, and before any later one. */
const PAUSES_MS = [1_000, 5_000] as const;

/**
 * How many crashes are held against what was found in flight once more, after `crashes` others. From
 * where it is to run alone, only a crash that found it alone says anything new.
 */
export function crashesAfter(crashes: number, wasAlone: boolean): number {
  return wasAlone || crashes < CRASHES_IN_A_ROW_MAX ? crashes + 1 : crashes;
}

/** Whether one more crash, found in flight after `crashes` others, gives it away as the culprit. */
export function isCulprit(crashes: number, wasAlone: boolean): boolean {
  return crashesAfter(crashes, wasAlone) >= CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX;
}

/**
 * How long the process must live without an operation before that runs alone again. A process that
 * dies in this time shows that it dies without it too, and nothing is held against the operation.
 */
export function pauseBeforeAloneMs(crashes: number): number {
  const runsAlone = crashes - CRASHES_IN_A_ROW_MAX;
  if (runsAlone <= 0) return 0;
  return PAUSES_MS[runsAlone - 1] ?? PAUSES_MS[1];
}

/** For so long at first nothing else starts for the sake of one that has to run alone. */
const WINDOW_MS = 1_000;

/**
 * How long nothing else starts while one runs alone, and as long before that, until what is in flight
 * has ended. It doubles with each crash that found it beside others, so that what kills the process late
 * is alone in the end, and is never longer than its attempt may take.
 */
export function windowAloneMs(crashesBeside: number, attemptTimeoutMs: number): number {
  return Math.min(WINDOW_MS * 2 ** Math.min(crashesBeside, 30), attemptTimeoutMs);
}

/** A crisis in flight at many crashes in a row is spaced out like its late retries (CR-4). */
const CRISIS_PAUSE_MS = 30_000;

/** How long a crisis waits that `crashes` in a row have found in flight. */
export function pauseOfCrashedCrisisMs(crashes: number): number {
  return crashes < CRASHES_IN_A_ROW_MAX ? 0 : CRISIS_PAUSE_MS;
}

/** Why the culprit ends. */
export const CRASHED: Failure = {
  code: 'HF_CRASHES_PROCESS',
  failureClass: 'permanent',
  message: `The process died each time this operation was in flight, ${CRASHES_ALONE_MAX} times while it ran alone.`,
};

// How long an upstream may be at work on an attempt that its caller has no answer of: for that long a 409 tells that it
// is, and that its key is in use (RT-1, docs/decisions/0186). It counts while the upstream is up.

/** Ten minutes: no gateway or server lets a call run as long. */
export const AT_WORK_MS = 600_000;

/** Whether a failure may tell that: a 409 after an attempt that may have been applied. */
export function mayBeAtWork(
  { status }: Pick<Failure, 'status'>,
  { isOutcomeUnknown }: { readonly isOutcomeUnknown: boolean },
): boolean {
  return status === 409 && isOutcomeUnknown;
}

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
