/**
 * The facts about crises and crisis mode (CR-1 to CR-6).
 *
 * @module
 */

import type { CrisisEnding } from '../../machines/crisis/crisisContext.ts';
import type { EscalationCause, StepFailure } from '../../machines/crisis/crisisEscalation.ts';
import type { CrisisModeScope } from '../../machines/policy/crisis/crisisMode.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { AboutAttempt, AboutOperation, Told } from './about.ts';

/** A crisis was answered, but neither stored nor delivered: it came after the stop, and its upstream did not take it (CR-4). */
export interface CrisisRefused extends Told<'crisis.refused'> {
  readonly code: ErrorCode;
}

/** A crisis breaks a rule of requests, and goes on with what is sound in it (CR-4). */
export interface CrisisMended extends Told<'crisis.mended'> {
  readonly operationId: string;
  /** How many parts of it are left out or changed: fields, and changes to the payload. */
  readonly fieldsLeftOut: number;
}

/**
 * A crisis is delivered and not kept: the disk hangs and memory holds as much as it may, or the
 * runtime has stopped.
 */
export interface CrisisUnkept extends Told<'crisis.unkept'> {
  readonly operationId: string;
}

/**
 * A crisis is not delivered, and people have to know of it. Emitted once, across restarts, too. Its delivery is retried
 * all the same (CR-4, CR-5).
 */
export interface CrisisEscalated extends Told<'crisis.escalated'>, AboutAttempt {
  /** Whether its fast attempts are used up, or it was not delivered in time. */
  readonly cause: EscalationCause;
}

/**
 * The row of a crisis can't be read, so nobody knows whether it was delivered. Emitted once, and
 * again by each process that finds it so (CR-4).
 */
export interface CrisisUnreadable extends Told<'crisis.unreadable'> {
  readonly operationId: string;
  /** Why it can't be read. */
  readonly code: ErrorCode;
  /** When it was accepted, in milliseconds since the epoch, from its id. */
  readonly acceptedAtMs: number;
}

/**
 * Crises are not delivered at one upstream: one of them has escalated, or is undelivered for five minutes, taken
 * on or not. Emitted once until {@link CrisisCaughtUp}, and again by the next process (CR-4).
 */
export interface CrisisUndelivered extends Told<'crisis.undelivered'> {
  /** `null` where their type has no handler. */
  readonly upstream: string | null;
  /** Crises that are not delivered there. */
  readonly count: number;
  /** When the oldest of them was accepted, in milliseconds since the epoch. */
  readonly sinceAtMs: number;
  /** Failed attempts to deliver them. */
  readonly failed: number;
  /** The code of the last failed attempt; `null` where none has failed. */
  readonly code: ErrorCode | null;
}

/** The crises of an upstream that had escalated, or were undelivered for five minutes, are all delivered. */
export interface CrisisCaughtUp extends Told<'crisis.caughtUp'> {
  /** `null` where their type had no handler. */
  readonly upstream: string | null;
}

/** A step of the chain, and its calls so far. */
interface AboutStep extends AboutOperation {
  /** The name of the step in `crisis.escalation`. */
  readonly step: string;
  readonly calls: number;
}

/** A step of the chain was notified: its call has succeeded. One call may be about many crises of one person. */
export interface CrisisStepNotified extends Told<'crisis.stepNotified'>, AboutStep {}

/** A call of a step has failed, or exceeded its time limit. It is retried without end. */
export interface CrisisStepFailed extends Told<'crisis.stepFailed'>, AboutStep {
  readonly why: StepFailure;
  /** Whether the next step of the chain is notified now, too. */
  readonly makesWay: boolean;
}

/** A decision of a person about a crisis; the app names the person. */
interface AboutDecision extends AboutOperation {
  readonly by: Person;
}

/** The person who has a crisis, and until when. */
interface AboutTaker extends AboutDecision {
  /** When their acknowledgement lapses, by the wall clock. */
  readonly untilMs: number;
}

/** A person wants to take a crisis on before anybody was notified: the first step is notified all the same (CR-5). */
export interface CrisisNoted extends Told<'crisis.noted'>, AboutDecision {}

/** A person has taken a crisis on, or prolongs that: no further step is notified (CR-5). */
export interface CrisisAcknowledged extends Told<'crisis.acknowledged'>, AboutTaker {}

/** An acknowledgement is about to lapse: the person who gave it is asked to prolong it (CR-5). */
export interface CrisisAcknowledgementEnding
  extends Told<'crisis.acknowledgementEnding'>,
    AboutTaker {}

/** An acknowledgement has lapsed: people are notified again (CR-5). */
export interface CrisisAcknowledgementLapsed
  extends Told<'crisis.acknowledgementLapsed'>,
    AboutTaker {}

/** A person has given a crisis back: people are notified again (CR-5). */
export interface CrisisReleased extends Told<'crisis.released'>, AboutDecision {}

/** Every step of the chain was notified, and nobody has taken the crisis on. The chain begins again later. */
export interface CrisisExhausted extends Told<'crisis.exhausted'>, AboutOperation {
  /** Steps that were notified. */
  readonly stepsNotified: number;
  /** The round of the chain, from 1. */
  readonly round: number;
}

/** The first of two persons wants a crisis called off that nobody was notified of (CR-5). It goes on. */
export interface CrisisCallOffProposed extends Told<'crisis.callOffProposed'>, AboutDecision {}

/** A person has called a crisis off, which ends its chain, and the crisis once no call of it is in flight. */
export interface CrisisCalledOff extends Told<'crisis.calledOff'>, AboutOperation {
  /** `null` where the app has cancelled it without naming a person. */
  readonly by: Person | null;
}

/** An escalated crisis is over, and so is its chain. */
export interface CrisisEscalationEnded extends Told<'crisis.escalationEnded'>, AboutOperation {
  /** `completed` where it was delivered, `cancelled` where a person has called it off. */
  readonly ending: CrisisEnding;
}

/** A crisis was answered without its plan, since the disk is slow or hangs (CR-3). */
export interface CrisisPlanLate extends Told<'crisis.planLate'> {
  /** `null` where there was nothing to deliver. */
  readonly operationId: string | null;
}

/** A crisis was answered later than the promised 200 ms (CR-1). */
export interface CrisisAnsweredLate extends Told<'crisis.answeredLate'> {
  /** `null` where there was nothing to deliver. */
  readonly operationId: string | null;
  readonly elapsedMs: number;
}

/**
 * Many different subjects were asked for with one token of the HTTP door within ten minutes, as if somebody
 * guessed (CR-3). Emitted once in ten minutes; nobody was refused, and no fact names the subjects.
 */
export interface CrisisManySubjects extends Told<'crisis.manySubjects'> {
  /** The token: that of the app's own back end, which shows plans, or that of pages. */
  readonly caller: 'backend' | 'page';
  /** The least number of subjects. */
  readonly subjects: number;
}

/**
 * Crisis mode was switched on or off, or is about to end (CR-6). `crisisMode.list()` says for whom;
 * no fact does.
 */
export interface CrisisModeChanged extends Told<'crisisMode.changed'> {
  /** The id of this crisis mode, from its beginning to its end. */
  readonly modeId: string;
  /** For one subject, or for everybody. */
  readonly scope: CrisisModeScope;
  /**
   * `refused`: the person who wanted to end it had switched it on or prolonged it. `ending`: its time-out
   * is near. `left`: a second person has ended it.
   */
  readonly what: 'entered' | 'prolonged' | 'ending' | 'refused' | 'left' | 'timedOut';
  /** The person, as the app names them; `null` where its time was up. */
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
