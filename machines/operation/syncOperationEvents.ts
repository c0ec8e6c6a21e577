/**
 * What an operation's chart is told.
 *
 * @module
 */

import type { RateReservation } from '../policy/flow/rateLimits.ts';
import type { Failure } from '../policy/retry/classifyFailure.ts';
import type { UpTime } from '../policy/retry/retryPolicy.ts';

/** Whether an operation may begin once it is accepted, or what it must wait for. */
export type Turn = 'granted' | 'awaitsUpstream' | 'awaitsLane' | 'awaitsHandler' | 'awaitsStart';

/** How an attempt failed, and what the policies make of it. */
export interface FailureFacts {
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly failure: Failure;
  /** When the retry policy would try again. */
  readonly retryAtMs: number;
  /** Whether a repeat under the same key can be relied on to do nothing twice. */
  readonly isRepeatSafe: boolean;
  /** When it failed, by the steady clock. */
  readonly steadyAtMs: number;
  /** Whether the upstream serves others: see `singlesOut`. */
  readonly isUpstreamWell: boolean;
  /** Whether the upstream is down, or failing in a row: then this says nothing final (RT-1). */
  readonly isDoubted: boolean;
  /** How long the upstream was up; absent where nobody keeps it. */
  readonly up?: UpTime | undefined;
  /** After how much of that the operation is given up; `null` for never (OP-5). */
  readonly giveUpAfterMs: number | null;
}

export type SyncOperationEvent =
  /** What was ordered is durable. `turn`: how an accepted operation goes on. */
  | { readonly type: 'journal.committed'; readonly atMs: number; readonly turn?: Turn | undefined }
  /** The request could not be written, and is not on disk. */
  | { readonly type: 'journal.failed' }
  /** An operation with the same idempotency key is on disk already. */
  | { readonly type: 'journal.duplicated' }
  /**
   * A permit of the upstream is reserved for it. `wasOutage`: what failed it last spent no attempt. `isEdit`: whether it
   * is an edit to the handler that it has now; absent: as it was accepted.
   */
  | {
      readonly type: 'turn.granted';
      readonly atMs: number;
      readonly wasOutage?: boolean | undefined;
      readonly isEdit?: boolean | undefined;
    }
  /** The type goes to another upstream since it had its turn: it waits for that one. Nothing was spent. */
  | { readonly type: 'turn.revoked'; readonly atMs: number }
  /** At its turn, its subject or its tier had no token left; it comes again when the next is due. */
  | {
      readonly type: 'rate.limited';
      readonly atMs: number;
      readonly retryAtMs: number;
      readonly reservation: RateReservation;
    }
  /** At its turn it was judged: the last attempt that it had was spent. */
  | { readonly type: 'attempts.exhausted'; readonly atMs: number }
  /** At its turn: it was tried for as long as its policy allows. */
  | { readonly type: 'giveup.due'; readonly atMs: number }
  /** The instant has come from which it may begin. */
  | { readonly type: 'start.due'; readonly atMs: number }
  /** No operation that was accepted before it for the same entity is left. */
  | { readonly type: 'lane.freed'; readonly atMs: number }
  /** No handler of its type is registered. */
  | { readonly type: 'handler.missing'; readonly atMs: number }
  /** A handler of its type was registered. */
  | { readonly type: 'handler.registered'; readonly atMs: number }
  /** The operation was accepted as no edit, and its handler merges records by now. */
  | { readonly type: 'handler.merges'; readonly atMs: number }
  /** An attempt may have been applied, and doing it again is not known to do nothing twice. */
  | { readonly type: 'repeat.unsafe'; readonly atMs: number }
  /** The upstream took it. */
  | { readonly type: 'attempt.succeeded'; readonly atMs: number }
  /** The handler has returned without success. */
  | ({ readonly type: 'attempt.failed' } & FailureFacts)
  /** Nothing that is known of its record stands in its way, or what does is merged: its body is decided. */
  | { readonly type: 'edit.compared'; readonly atMs: number }
  /** What its record is now has to be fetched, or a person has to be asked, before anything goes out. */
  | { readonly type: 'conflict.found'; readonly atMs: number }
  /** The record was merged with what the upstream holds, which is on disk as its new body. */
  | ({ readonly type: 'conflict.merged' } & MergeFacts)
  /** The upstream holds exactly what was sent: an attempt was applied after all. */
  | { readonly type: 'conflict.applied'; readonly atMs: number }
  /** The upstream holds the version that it held before: it is still at work on an earlier attempt. */
  | { readonly type: 'conflict.pending'; readonly atMs: number; readonly retryAtMs: number }
  /** The upstream will not have its record read. */
  | { readonly type: 'conflict.refused'; readonly atMs: number; readonly failure: Failure }
  /** The handler is silent far beyond its time-out: it loses its slot, and keeps its lane. */
  | { readonly type: 'attempt.overhangs'; readonly atMs: number }
  /** The attempt was aborted, by a stop or a cancel, and its handler has returned or is left; it spends nothing. */
  | { readonly type: 'attempt.interrupted'; readonly atMs: number }
  /** The process is about to end in good order. */
  | { readonly type: 'process.stopping' }
  /** The process that held it in hand is gone. `wasAlone`: nothing else was in flight that may have ended it. */
  | { readonly type: 'process.restarted'; readonly atMs: number; readonly wasAlone: boolean }
  /** A person wants it tried again now. */
  | { readonly type: 'retry.requested'; readonly atMs: number }
  /** A person wants it brought back from the dead letters. */
  | ({ readonly type: 'replay.requested' } & ReplayFacts)
  /** The caller takes it back. */
  | { readonly type: 'cancel.requested'; readonly atMs: number }
  /** The instant has come after which its caller does not want it done any more. */
  | { readonly type: 'expiry.due'; readonly atMs: number };

/** A new body was made for an edit; it is kept with the operation. */
export interface MergeFacts {
  readonly atMs: number;
  /** The number: one that no body before it had. Its key is of that. */
  readonly round: number;
  /** Where an attempt may have been applied: it is known that none was, or a person has decided. Default false. */
  readonly isOutcomeKnown?: boolean | undefined;
}

/** How a person wants a dead letter replayed. */
export interface ReplayFacts {
  readonly atMs: number;
  /** The new key of an edited request, which is another request to the upstream; `null` for the same one. */
  readonly idempotencyKey: string | null;
  /** The person knows that an attempt may have been applied, and wants it done all the same. */
  readonly isRepeatApproved: boolean;
}

/** The operation has its turn. */
export type TurnFacts = Extract<SyncOperationEvent, { type: 'turn.granted' }>;
