/**
 * What a crisis's chart is told.
 *
 * @module
 */

import type { Failure } from '../policy/retry/classifyFailure.ts';
import type { Person } from '../vocabulary/subject.ts';
import type { StepFailure } from './crisisEscalation.ts';

/** How an attempt failed, and what the policy makes of it. */
export interface CrisisFailureFacts {
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly failure: Failure;
  /** When the policy tries again. */
  readonly retryAtMs: number;
  /** How many attempts follow each other fast, before it is tried at the late pace. */
  readonly fastAttemptsMax: number;
}

/** The person who takes a crisis on, and until when. */
export interface AcknowledgementFacts {
  readonly atMs: number;
  readonly by: Person;
  readonly note: string | null;
  readonly untilMs: number;
  /** Whether there is anybody to be told. */
  readonly hasChain: boolean;
}

/** A person who gives a crisis back, is the first of two to call it off, or says that they are safe. */
export interface DecisionFacts {
  readonly atMs: number;
  readonly by: Person;
  readonly note: string | null;
}

/** That it is called off; whose word it is, where that is known. */
export interface CallOffFacts {
  readonly atMs: number;
  readonly by?: Person | undefined;
  readonly note?: string | null | undefined;
  /** True where they are alone, before anybody was told. */
  readonly isAlone?: boolean | undefined;
}

/** The time has come to tell somebody. */
export interface StepDueFacts {
  readonly atMs: number;
  /** Which step is next; `null` where none is left. */
  readonly step: string | null;
  /** Whether each step of the chain was told in this round. */
  readonly isEveryStepTold: boolean;
  /** How long it takes until the chain begins anew, where each was told. */
  readonly anewInMs: number;
}

/** A call of a step begins, or it may be called at once. */
export interface StepCalledFacts {
  readonly atMs: number;
  readonly step: string;
}

export interface StepNotifiedFacts extends StepCalledFacts {
  /** How long whoever was told has to take it on. */
  readonly acknowledgeWithinMs: number;
}

export interface StepFailedFacts extends StepCalledFacts {
  readonly why: StepFailure;
  /** Whether a callback threw what says nothing of why. */
  readonly isThrown: boolean;
  /** When it is called again. */
  readonly retryAtMs: number;
  /** Whether that is so soon that the next step waits for it. */
  readonly isSoon: boolean;
}

export type CrisisEvent =
  /** The record is in the database, and synced. */
  | { readonly type: 'record.durable' }
  /** The database fails: its record is kept beside it, sealed and synced. */
  | { readonly type: 'record.spilled' }
  /** The database is well, and refuses its record for damage. */
  | { readonly type: 'record.refused' }
  /** The disk hangs, and as much as may waits for it in memory. */
  | { readonly type: 'record.unkept' }
  /** The ending is on disk. */
  | { readonly type: 'journal.committed'; readonly atMs: number }
  /** One of the places that are kept for crises at its upstream is its own. */
  | { readonly type: 'place.granted'; readonly atMs: number }
  /** The time has come to try again. */
  | { readonly type: 'retry.due'; readonly atMs: number }
  /** A person wants it tried again at once. */
  | { readonly type: 'retry.requested'; readonly atMs: number }
  /** No handler of its type is registered. */
  | { readonly type: 'handler.missing'; readonly atMs: number }
  /** A handler of its type was registered. */
  | { readonly type: 'handler.registered'; readonly atMs: number }
  /** The upstream took it. */
  | { readonly type: 'attempt.succeeded'; readonly atMs: number }
  /** The upstream did not take it, or has not answered in time. */
  | ({ readonly type: 'attempt.failed' } & CrisisFailureFacts)
  /** The attempt was aborted by a stop of the process; it spends nothing. */
  | { readonly type: 'attempt.interrupted'; readonly atMs: number }
  /** The process that had its attempt in flight is gone. */
  | { readonly type: 'process.restarted'; readonly atMs: number }
  /** A person answers for it that this crisis needs no delivery any more. */
  | ({ readonly type: 'callOff.requested' } & CallOffFacts)
  /** A person takes it on. */
  | ({ readonly type: 'acknowledgement.given' } & AcknowledgementFacts)
  /** An acknowledgement is about to lapse: whoever gave it is asked whether it goes on. */
  | { readonly type: 'acknowledgement.ending'; readonly atMs: number }
  /** The time that they had it for is over. */
  | { readonly type: 'acknowledgement.lapsed'; readonly atMs: number }
  /** A person gives it back. */
  | ({ readonly type: 'release.requested' } & DecisionFacts)
  /** The first of two persons wants it called off. */
  | ({ readonly type: 'callOff.proposed' } & DecisionFacts)
  /** The person in crisis has said that they are safe. That is a note: delivery and chain go on. */
  | ({ readonly type: 'safety.said' } & DecisionFacts)
  /** Somebody is to be told: the next step of the chain, or nobody where none is left. */
  | ({ readonly type: 'step.due' } & StepDueFacts)
  /** A call of a step begins: of the one that the chain has come to, or of one that is owed. */
  | ({ readonly type: 'step.called' } & StepCalledFacts)
  /** The call of a step has succeeded, or one about another crisis of the same person that named this one. */
  | ({ readonly type: 'step.notified' } & StepNotifiedFacts)
  /** The call of a step has failed. */
  | ({ readonly type: 'step.failed' } & StepFailedFacts)
  /** A step can be reached again: what is owed to it is due. */
  | ({ readonly type: 'step.woken' } & StepCalledFacts)
  /** Nobody has taken it on since every step was told: the chain begins anew. */
  | { readonly type: 'chain.anew'; readonly atMs: number };
