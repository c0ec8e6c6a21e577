/**
 * What a crisis's chart is told.
 *
 * @module
 */

import type { Failure } from '../policy/retry/classifyFailure.ts';
import type { Person } from '../vocabulary/person.ts';
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

/** Who takes a crisis on. */
export interface AcknowledgementFacts {
  readonly atMs: number;
  readonly by: Person;
  readonly note: string | null;
}

/** That it is called off; whose word it is, where that is known. */
export interface CallOffFacts {
  readonly atMs: number;
  readonly by?: Person | undefined;
  readonly note?: string | null | undefined;
}

/** The time has come to tell somebody: which step is next; `null` where none is left. */
export interface StepDueFacts {
  readonly atMs: number;
  readonly step: string | null;
}

export interface StepNotifiedFacts {
  readonly atMs: number;
  /** How long whoever was told has to take it on. */
  readonly acknowledgeWithinMs: number;
}

export interface StepFailedFacts {
  readonly atMs: number;
  readonly why: StepFailure;
  /** When it is called again; `null` where it has had its calls. */
  readonly retryAtMs: number | null;
}

export type CrisisEvent =
  /** Its record is in the database, and synced. */
  | { readonly type: 'record.durable' }
  /** The database fails: its record is kept beside it, sealed and synced. */
  | { readonly type: 'record.spilled' }
  /** The database is well, and refuses its record for damage. */
  | { readonly type: 'record.refused' }
  /** The disk hangs, and as much as may waits for it in memory. */
  | { readonly type: 'record.unkept' }
  /** Its ending is on disk. */
  | { readonly type: 'journal.committed'; readonly atMs: number }
  /** One of the places that are kept for crises at its upstream is its own. */
  | { readonly type: 'place.granted'; readonly atMs: number }
  /** Its time has come to be tried again. */
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
  /** It was aborted by a stop of the process; it spends nothing. */
  | { readonly type: 'attempt.interrupted'; readonly atMs: number }
  /** The process that had its attempt in flight is gone. */
  | { readonly type: 'process.restarted'; readonly atMs: number }
  /** A person answers for it that this crisis needs no delivery any more. */
  | ({ readonly type: 'callOff.requested' } & CallOffFacts)
  /** A person takes it on. */
  | ({ readonly type: 'acknowledgement.given' } & AcknowledgementFacts)
  /** Somebody is to be told: the next step of the chain, or nobody where none is left. */
  | ({ readonly type: 'step.due' } & StepDueFacts)
  /** Its call has succeeded. */
  | ({ readonly type: 'step.notified' } & StepNotifiedFacts)
  /** Its call has failed, or has used up its calls over restarts. */
  | ({ readonly type: 'step.failed' } & StepFailedFacts);
