/**
 * What the plain second model of an operation knows of it, and what it is told of a failed attempt.
 *
 * @module
 */

import type { FailureClass } from '../../../machines/policy/retry/classifyFailure.ts';

/** What is known of an operation at one instant. */
export interface Facts {
  readonly state: string;
  readonly attempt: number;
  readonly isSpent: boolean;
  /** Failures that spent no attempt. */
  readonly unspentFailures: number;
  /** The last failure may lie in the request: others were served. */
  readonly isSingledOut: boolean;
  /** Its last failure is judged at its next turn. */
  readonly isToBeJudged: boolean;
  /** How long its upstream was up when its time began; `null` where it has not begun. */
  readonly upMarkMs: number | null;
  /** The same, when the attempt began to be in doubt that its upstream may be at work on; `null` without one. */
  readonly workMarkMs: number | null;
  /** The last failure was a 409 after an attempt in doubt. */
  readonly hasMetConflict: boolean;
  /** When its rate lets it go on; `null` where that is not what it waited for. */
  readonly rateDueAtMs: number | null;
  /** Since when it waits as it does; `null`: since its acceptance. */
  readonly sinceAtMs: number | null;
  /** Before which it does not begin; `null` once that is no matter. */
  readonly startAtMs: number | null;
  readonly crashes: number;
  /** What the upstream sees of its next attempt, and whether the body that goes out under that is decided. */
  readonly key: string;
  readonly isCompared: boolean;
  /** Whether it is an edit, to the handler that it had at its last turn or as it was accepted. */
  readonly isEdit: boolean;
  /** Whether an attempt under that key was ordered, beside the one that is ordered with its acceptance and runs. */
  readonly isOrdered: boolean;
  readonly isOutcomeUnknown: boolean;
  readonly wakeAtMs: number;
  readonly ending: string | null;
  readonly history: readonly string[];
}

/** How an attempt failed. */
export interface Failing {
  readonly failureClass: FailureClass;
  readonly isRepeatSafe: boolean;
  readonly status: number | undefined;
  readonly conflictIs: 'unlikely' | 'possible' | undefined;
  readonly notApplied: boolean;
  readonly isUpstreamWell: boolean;
  readonly isDoubted: boolean;
  readonly upMs: number;
}

/** Which round a key is of. */
export function roundOf(key: string): number {
  return Number(/-r(\d+)$/.exec(key)?.[1] ?? 0);
}

/** The key of a round: of the operation, or of the edited replay that it follows. */
export function keyOf(key: string, round: number): string {
  const base = key === 'key-1' ? 'operation-1' : key.replace(/-r\d+$/, '');
  return `${base}-r${round}`;
}
