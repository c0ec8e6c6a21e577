/**
 * The facts about crises and crisis mode (CR-1 to CR-6).
 *
 * @module
 */

import type { CrisisEnding } from '../../machines/crisis/crisisContext.ts';
import type { EscalationCause, StepFailure } from '../../machines/crisis/crisisEscalation.ts';
import type { CrisisModeScope } from '../../machines/policy/crisis/crisisMode.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/person.ts';
import type { AboutAttempt, AboutOperation, Told } from './about.ts';

/** A crisis was answered, and is neither stored nor delivered: it came after the stop, and its upstream did not take it (CR-4). */
export interface CrisisRefused extends Told<'crisis.refused'> {
  readonly code: ErrorCode;
}

/** A crisis goes on with what is sound in it, since it breaks a rule of requests (CR-4). */
export interface CrisisMended extends Told<'crisis.mended'> {
  readonly operationId: string;
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
 * A crisis is not delivered, and people have to know of it. Told once, over restarts too. It is sent again
 * all the same (CR-4, CR-5).
 */
export interface CrisisEscalated extends Told<'crisis.escalated'>, AboutAttempt {
  /** Its fast attempts are used up, or the time within which it should have been delivered is over. */
  readonly cause: EscalationCause;
}

/**
 * The row of a crisis can't be read, and nothing says that it was delivered: it may have been, or not. Told once, and
 * once more by each process that finds it so (CR-4).
 */
export interface CrisisUnreadable extends Told<'crisis.unreadable'> {
  readonly operationId: string;
  /** Why it can't be read. */
  readonly code: ErrorCode;
  /** When it was accepted, in milliseconds since the epoch, as its id says. */
  readonly acceptedAtMs: number;
}

/**
 * Crises of one upstream are not delivered: one of them has escalated, or is undelivered for five minutes, taken
 * on or not. Told once, until {@link CrisisCaughtUp}; and once more by the next process (CR-4).
 */
export interface CrisisUndelivered extends Told<'crisis.undelivered'> {
  /** `null` where no handler of their type is registered. */
  readonly upstream: string | null;
  /** How many are not delivered there. */
  readonly count: number;
  /** When the oldest of them was accepted, in milliseconds since the epoch. */
  readonly sinceAtMs: number;
  /** Attempts at them that have failed. */
  readonly failed: number;
  /** What the last of these failed with; `null` where none has failed. */
  readonly code: ErrorCode | null;
}

/** None of the crises of this upstream is undelivered any more that had escalated, or was so for five minutes. */
export interface CrisisCaughtUp extends Told<'crisis.caughtUp'> {
  /** `null` for those of whose type no handler was registered. */
  readonly upstream: string | null;
}

/** A step of the chain, and how many calls it took so far. */
interface AboutStep extends AboutOperation {
  /** Its name in `crisis.escalation`. */
  readonly step: string;
  readonly calls: number;
}

/** A step of the chain was told: its call has succeeded. One call may tell of many crises of one person. */
export interface CrisisStepNotified extends Told<'crisis.stepNotified'>, AboutStep {}

/** A call of a step has failed, or took longer than its time limit. It is called again, without end. */
export interface CrisisStepFailed extends Told<'crisis.stepFailed'>, AboutStep {
  readonly why: StepFailure;
  /** Whether the next step of the chain is told now, beside its next call. */
  readonly makesWay: boolean;
}

/** About a crisis that a person has decided about, as the app asserts them. */
interface AboutDecision extends AboutOperation {
  readonly by: Person;
}

/** Who has a crisis, and until when. */
interface AboutTaker extends AboutDecision {
  /** When their acknowledgement lapses, by the wall clock. */
  readonly untilMs: number;
}

/** A person wants to take a crisis on before anybody was told: the first step is told all the same (CR-5). */
export interface CrisisNoted extends Told<'crisis.noted'>, AboutDecision {}

/** A person has taken a crisis on, or prolongs that: no further step is told (CR-5). */
export interface CrisisAcknowledged extends Told<'crisis.acknowledged'>, AboutTaker {}

/** An acknowledgement is about to lapse, and the person who gave it is asked whether it goes on (CR-5). */
export interface CrisisAcknowledgementEnding
  extends Told<'crisis.acknowledgementEnding'>,
    AboutTaker {}

/** An acknowledgement has lapsed: people are told again (CR-5). */
export interface CrisisAcknowledgementLapsed
  extends Told<'crisis.acknowledgementLapsed'>,
    AboutTaker {}

/** A person has given a crisis back: people are told again (CR-5). */
export interface CrisisReleased extends Told<'crisis.released'>, AboutDecision {}

/** Every step of the chain was told, and nobody has taken the crisis on. The chain begins again later. */
export interface CrisisExhausted extends Told<'crisis.exhausted'>, AboutOperation {
  /** How many were told. */
  readonly stepsNotified: number;
  /** The time that the chain was gone through, from 1. */
  readonly round: number;
}

/** The first of two persons wants a crisis called off of which nobody was told (CR-5). It goes on. */
export interface CrisisCallOffProposed extends Told<'crisis.callOffProposed'>, AboutDecision {}

/** A person has called a crisis off, which ends its chain and, once nothing of it is sent, itself. */
export interface CrisisCalledOff extends Told<'crisis.calledOff'>, AboutOperation {
  /** `null` where the app has cancelled it without saying for whom. */
  readonly by: Person | null;
}

/** A crisis that had escalated is over, and so is its chain. */
export interface CrisisEscalationEnded extends Told<'crisis.escalationEnded'>, AboutOperation {
  /** `completed` where it was delivered, `cancelled` where a person has called it off. */
  readonly ending: CrisisEnding;
}

/** A crisis was answered without looking for a plan any longer: the disk is slow, or hangs (CR-3). */
export interface CrisisPlanLate extends Told<'crisis.planLate'> {
  /** `null` where there was nothing to deliver. */
  readonly operationId: string | null;
}

/** A crisis was answered after the 200 ms that are promised (CR-1). */
export interface CrisisAnsweredLate extends Told<'crisis.answeredLate'> {
  /** `null` where there was nothing to deliver. */
  readonly operationId: string | null;
  readonly elapsedMs: number;
}

/**
 * With one token of the HTTP door many different people were asked for within ten minutes, as somebody who guesses
 * does (CR-3). Told once in ten minutes; nobody was refused, and whom it was about no fact says.
 */
export interface CrisisManySubjects extends Told<'crisis.manySubjects'> {
  /** Whose token: that of the app's own back end, which shows plans, or that of pages. */
  readonly caller: 'backend' | 'page';
  /** How many, at least. */
  readonly subjects: number;
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

export type CrisisFact =
  | CrisisRefused
  | CrisisMended
  | CrisisUnkept
  | CrisisEscalated
  | CrisisUnreadable
  | CrisisUndelivered
  | CrisisCaughtUp
  | CrisisStepNotified
  | CrisisStepFailed
  | CrisisNoted
  | CrisisAcknowledged
  | CrisisAcknowledgementEnding
  | CrisisAcknowledgementLapsed
  | CrisisReleased
  | CrisisCallOffProposed
  | CrisisExhausted
  | CrisisCalledOff
  | CrisisEscalationEnded
  | CrisisPlanLate
  | CrisisAnsweredLate
  | CrisisManySubjects
  | CrisisModeChanged;
