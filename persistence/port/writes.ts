/**
 * Changes that a store makes, and their results.
 *
 * @module
 */

import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../../machines/vocabulary/errors.ts';
import type { AnchoredWrite } from './anchor.ts';
import type { AuditWrite, Recorded } from './audit.ts';
import type { CrisisModeResult, CrisisModesWrite, CrisisModeWrite } from './crisisModes.ts';
import type { CrisisPlanResult, CrisisPlanWrite } from './crisisPlans.ts';
import type { KeepWrite, KeptResult, PurgeKeptWrite } from './kept.ts';
import type { HoldWrite } from './review.ts';
import type { Standing, StoredOperation, WaitsFor } from './storedOperation.ts';

/**
 * Adds an operation, at revision 1. If another operation occupies its lane, it is kept as `held` without a due time: it
 * waits for its lane and is handed out later as a `laneNext`. An accept with the id of an existing row is a repeat and
 * changes nothing.
 */
export interface AcceptWrite extends Recorded {
  readonly kind: 'accept';
  /** From {@link Store.nextSeq}. */
  readonly seq: number;
  readonly id: string;
  /** The operation's own rank. The head of its lane is raised to it if it is less urgent. */
  readonly urgency: number;
  /** The standing; `held` in any case if the lane is busy. */
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  /** The queue it waits in when due: an upstream's name, kept as a keyed blind index. */
  readonly route: string;
  /** The person it concerns, kept as a keyed blind index; `null` if unknown. */
  readonly subject: string | null;
  /** The lane it occupies, kept as a keyed blind index; `null` for none. */
  readonly lane: string | null;
  /**
   * Unique among the operations kept; `null` when the caller gave no key. A second accept with the
   * same one stores nothing and is answered with the first.
   */
  readonly idempotencyKey: string | null;
  /** By which it is found, each kept as a keyed blind index, for as long as it is kept; absent for none. */
  readonly tags?: readonly string[] | undefined;
  /** When it expires if it has not settled by then; `null` for never. Stored beside the due time. */
  readonly expiresAtMs: number | null;
  /**
   * When it may begin, unless its lane is busy: then it waits for that (`startAt`), and this is stored in the place
   * of its expiry. Absent where it may begin at once.
   */
  readonly startAtMs?: number | undefined;
  readonly state: string;
  /** State where its lane is busy: `head`, and then `state` from `from` on. Absent without a lane. */
  readonly inLane?: { readonly head: string; readonly from: number } | undefined;
  readonly payload: string;
}

/**
 * Replaces the state of an operation. Subject, lane and idempotency key stay as accepted; so does its urgency, except
 * that the head of a lane has the rank of the most urgent operation in it. An update whose revision and content are on
 * disk already is a repeat and changes nothing.
 *
 * Fields that stay are given all the same, lane and key excepted: a row with a broken seal is mended by its update, and
 * nothing in such a row is trusted.
 */
export interface UpdateWrite extends Recorded {
  readonly kind: 'update';
  readonly seq: number;
  readonly id: string;
  /** The operation's own rank, restored once it has left its lane. */
  readonly urgency: number;
  /** The time that finds it while it waits: when it expires or, before that, may begin; `null` for never. */
  readonly expiresAtMs: number | null;
  readonly subject: string | null;
  /** The row's revision after this write: one more than before. */
  readonly revision: number;
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  readonly waitsFor: WaitsFor;
  readonly route: string;
  readonly state: string;
  /** Gives the lane to the next in it. */
  readonly leavesLane: boolean;
  /** The payload as it was given, which is kept; `null` erases it (SE-5). */
  readonly payload: string | null;
  /** In place of the payload that is kept, in the same commit as the state; of no effect where `payload` is `null`. */
  readonly newPayload?: string | undefined;
}

/** Forgets an operation whose acceptance was reported as failed though it may have reached the disk. */
export interface WithdrawWrite {
  readonly kind: 'withdraw';
  readonly seq: number;
  readonly id: string;
}

/**
 * Brings a dead letter back. One that still occupies its lane keeps its place there. One that has left its lane, or
 * never had one, goes to the tail, as if accepted now as `toSeq`, and is kept as `held` behind others. A row that is no
 * dead letter at the revision before, or has no payload to run with, is left alone.
 */
export interface ReplayWrite extends Recorded {
  readonly kind: 'replay';
  readonly seq: number;
  readonly id: string;
  /** The row's revision after this write. */
  readonly revision: number;
  /** From {@link Store.nextSeq}; used where it goes to the tail of a lane. */
  readonly toSeq: number;
  readonly dueAtMs: number;
  /** The reason to wait; its lane in any case if that is busy. */
  readonly waitsFor: WaitsFor;
  readonly route: string;
  readonly lane: string | null;
  readonly state: string;
  /** In place of the payload given at acceptance; `null` keeps that. */
  readonly payload: string | null;
}

/** Deletes a dead letter or a quarantined row of this revision. */
export interface PurgeWrite extends Recorded {
  readonly kind: 'purge';
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
}

/** Quarantines a row that opens but makes no sense to the engine, if it has this revision (PS-3). */
export interface QuarantineWrite {
  readonly kind: 'quarantine';
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
  /** The {@link ErrorCode} of what is wrong with it. */
  readonly code: string;
}

/**
 * Restores a quarantined row to its standing, lane and idempotency key, if it opens now. Behind others in its lane it
 * goes to the tail, as if accepted now as `toSeq`.
 */
export interface ReinstateWrite extends Recorded {
  readonly kind: 'reinstate';
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
  readonly toSeq: number;
}

/**
 * Deletes settled rows whose time to be purged has come, the earliest first. One that can't be opened is quarantined
 * instead.
 */
export interface PurgeSettledWrite {
  readonly kind: 'purgeSettled';
  readonly nowMs: number;
  /** Maximum number of rows. */
  readonly limit: number;
}

/** Keeps the state of a component (a breaker, a degradation level) under its name. */
export interface ComponentWrite {
  readonly kind: 'component';
  readonly name: string;
  readonly state: string;
}

export type Write =
  | AcceptWrite
  | UpdateWrite
  | WithdrawWrite
  | ReplayWrite
  | PurgeWrite
  | QuarantineWrite
  | ReinstateWrite
  | PurgeSettledWrite
  | ComponentWrite
  | CrisisModeWrite
  | CrisisModesWrite
  | CrisisPlanWrite
  | KeepWrite
  | PurgeKeptWrite
  | HoldWrite
  | AnchoredWrite
  | AuditWrite;

/** The head of a lane that has the rank of a more urgent one behind it from now on (OP-4). */
export interface Raised {
  readonly id: string;
  readonly urgency: number;
}

export type WriteResult =
  /**
   * An accept that is now durable; `laneBusy` when another operation already occupies its lane, and
   * `raised` the head of it, where that was less urgent. A repeat names a head that has its rank.
   */
  | { readonly kind: 'accepted'; readonly laneBusy: boolean; readonly raised: Raised | null }
  /** An accept that met an operation with the same idempotency key. */
  | { readonly kind: 'duplicate'; readonly of: StoredOperation }
  /**
   * An update; `laneNext` is the new head of the lane it left, if that row is `held`; with payload, and
   * with the rank of the most urgent in the lane.
   */
  | { readonly kind: 'updated'; readonly laneNext: StoredOperation | null }
  /** `laneBusy` when it waits for others in its lane; `raised` as for an accept; `isRepeat` when it was back already. */
  | {
      readonly kind: 'replayed';
      readonly laneBusy: boolean;
      readonly raised: Raised | null;
      readonly isRepeat?: true;
    }
  /** `laneNext` as for an update that leaves its lane; `isRepeat` when it was gone already. */
  | { readonly kind: 'purged'; readonly laneNext: StoredOperation | null; readonly isRepeat?: true }
  /** The operation has left its lane: see {@link Store.freedHeads}. */
  | { readonly kind: 'quarantined' }
  /** With payload; `raised` as for an accept, where it went to the tail of its lane. */
  | {
      readonly kind: 'reinstated';
      readonly operation: StoredOperation;
      readonly raised: Raised | null;
    }
  /** The row still can't be opened, or its idempotency key has been given to another: the reason. */
  | { readonly kind: 'notReinstated'; readonly code: string }
  /** How many went, and when the next may be purged; `null` where none has settled. */
  | { readonly kind: 'purgedSettled'; readonly count: number; readonly nextDueAtMs: number | null }
  /** The row is not there, or not as the write says. Nothing was changed. */
  | { readonly kind: 'missing' }
  /** `laneNext` as for an update that leaves its lane. */
  | { readonly kind: 'withdrawn'; readonly laneNext: StoredOperation | null }
  | CrisisModeResult
  | CrisisPlanResult
  | KeptResult
  | { readonly kind: 'componentKept' }
  | { readonly kind: 'holdKept' }
  | { readonly kind: 'anchored' }
  | { readonly kind: 'audited' };

/** What an acceptance keeps where its lane is busy. */
export function stateInLane({ state, inLane }: AcceptWrite): string {
  return inLane === undefined ? state : inLane.head + state.slice(inLane.from);
}

/** The payload of the row after this update; `null` for none. */
export function payloadAfter({ payload, newPayload }: UpdateWrite): string | null {
  return payload === null ? null : (newPayload ?? payload);
}

/** True if a row after this update already has the payload that the update would leave. */
export function hasPayloadOf(
  row: { readonly payload: string | null },
  write: UpdateWrite,
): boolean {
  return write.newPayload === undefined || row.payload === payloadAfter(write);
}

// The line by which a thread beside the main one has crises kept that the main one does not take in time (CR-4): it
// asks the writer, which has the key, and never sees the key itself.

/** A crisis that was answered under this id and not accepted yet. */
export interface OutsideCrisis {
  readonly id: string;
  /** The request, checked, as JSON. */
  readonly request: string;
}

/** Requests over the line. */
export type ToSpill =
  | { readonly kind: 'keep'; readonly crisis: OutsideCrisis }
  /** Drops a crisis that is on disk elsewhere, or delivered. Not answered. */
  | { readonly kind: 'drop'; readonly id: string };

/** The answer for each crisis to keep: synced to disk, or why not. */
export type FromSpill =
  | { readonly kind: 'kept'; readonly id: string }
  | { readonly kind: 'notKept'; readonly id: string; readonly error: PlainError };

/** The end of a line, to be transferred to the thread that asks. It closes when the writer ends. */
export type SpillLine = MessagePort;
