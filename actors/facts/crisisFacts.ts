/**
 * The facts about crises and crisis mode (CR-1 to CR-6).
 *
 * @module
 */

import type { CrisisModeScope } from '../../machines/policy/crisis/crisisMode.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/person.ts';
import type { AboutAttempt, Told } from './about.ts';

/** A crisis was answered, and is neither stored nor delivered: it came after the stop, and its upstream did not take it (CR-4). */
export interface CrisisRefused extends Told<'crisis.refused'> {
  readonly code: ErrorCode;
}

/** A crisis goes on with what is sound in it, since it breaks a rule of requests (CR-4). */
export interface CrisisMended extends Told<'crisis.mended'> {
  /** How much of it is not as it was given: fields, and what was done to the payload. */
  readonly fieldsLeftOut: number;
}

/**
 * A crisis is delivered and nothing of it is kept: the disk hangs and enough waits for it in memory, or the
 * runtime has stopped.
 */
export interface CrisisUnkept extends Told<'crisis.unkept'> {
  readonly operationId: string;
}

/**
 * The fast attempts of a crisis are used up: people have to know of it. Told once, over restarts too. It is
 * sent again about every half minute all the same (CR-4, CR-5).
 */
export interface CrisisEscalated extends Told<'crisis.escalated'>, AboutAttempt {}

/** A crisis was answered after the 200 ms that are promised (CR-1). */
export interface CrisisAnsweredLate extends Told<'crisis.answeredLate'> {
  /** `null` where there was nothing to deliver. */
  readonly operationId: string | null;
  readonly elapsedMs: number;
}

/**
 * Crisis mode was switched on or off, or is to end soon (CR-6). Whom it is for `crisisMode.list()` says, and
 * no fact.
 */
export interface CrisisModeChanged extends Told<'crisisMode.changed'> {
  /** Stands for it from when it is switched on until it ends. */
  readonly modeId: string;
  /** For one subject, or for everybody. */
  readonly scope: CrisisModeScope;
  /**
   * `refused`: somebody wanted to end it who had switched it on or prolonged it. `ending`: its time-out
   * is near. `left`: a second person has ended it.
   */
  readonly what: 'entered' | 'prolonged' | 'ending' | 'refused' | 'left' | 'timedOut';
  /** Who, as the app has named them; `null` where time did it. */
  readonly by: Person | null;
  /** When it ends by itself, by the wall clock; `null` once it is off. */
  readonly endsAtMs: number | null;
}
