/**
 * Questions by which an engine hands out work from a passive store: what is due, what was in hand, which lanes wait for
 * a head. An engine with queues of its own needs none of them.
 *
 * @module
 */

import type {
  BlockedCounts,
  StandingCounts,
  StoredOperation,
  WaitingCount,
} from './storedOperation.ts';

export interface ClaimQuery {
  /** Routes to claim from; duplicates are ignored. */
  readonly routes: readonly string[];
  /** The most urgent rank to hand out; default 0. */
  readonly urgencyMin?: number | undefined;
  /** The least urgent rank to hand out. */
  readonly urgencyMax: number;
  /** Rows due at or before this. */
  readonly nowMs: number;
  readonly limit: number;
  readonly passOver?: PassOver | undefined;
  /** Only rows of these subjects, or of all others; left out, of any. Rows left out have to be read past. */
  readonly subjects?: SubjectChoice | undefined;
}

/** A choice of rows by their subjects. */
export interface SubjectChoice {
  readonly names: readonly string[];
  /** True for rows of these subjects, false for all others and those without one. */
  readonly isOnly: boolean;
}

/** Rows, by their seq, that a question is to pass over as though they were not there: few. */
export type PassOver = readonly number[];

export interface Claim {
  /**
   * Most urgent first over all routes, then by due time, then by acceptance; with payloads. Claiming
   * changes nothing.
   */
  readonly rows: readonly StoredOperation[];
  /**
   * When the next row of these routes and ranks that is not among `rows` is due: the next in the same order if `limit`
   * left out some that are due by `nowMs`, else the earliest to come; `null` for none. {@link NEVER_MS} counts as none.
   */
  readonly nextDueAtMs: number | null;
}

export interface Expired {
  /** With payloads, the earliest expiry first. */
  readonly rows: readonly StoredOperation[];
  /** When the next row that is not among `rows` expires; `null` for none. */
  readonly nextExpiryAtMs: number | null;
}

/** A page of a search that reads a bounded number of rows, however many match. */
export interface SearchPage {
  /** With payloads, in order of acceptance. */
  readonly rows: readonly StoredOperation[];
  /** The `afterSeq` of the next page; `null` after the last. */
  readonly nextAfterSeq: number | null;
}

export interface QueueStore {
  /** Claims due rows of some routes. */
  claim(query: ClaimQuery): Promise<Claim>;
  /** Rows that were in hand when the store was last left, most urgent first, from `afterSeq` of that urgency on. */
  inHand(query: {
    readonly after: { readonly urgency: number; readonly seq: number } | null;
    readonly limit: number;
  }): Promise<readonly StoredOperation[]>;
  /**
   * `held` rows at the head of their lane: freed by a settlement whose sequel a crash cut off. Looks
   * at no more than `limit` held rows at a time, since there may be a million of them and no head.
   */
  freedHeads(query: { readonly afterSeq: number; readonly limit: number }): Promise<SearchPage>;
  /** Routes among the given ones that have a `due` row, now or later: an idle one costs nothing to find. */
  occupiedRoutes(query: { readonly routes: readonly string[] }): Promise<readonly string[]>;
  /**
   * `due` rows of routes other than the named ones, if they are ever due before {@link NEVER_MS}: work that no queue
   * claims, for want of its upstream or of a handler (OP-7). With payloads.
   */
  strays(query: {
    readonly routes: readonly string[];
    readonly limit: number;
    readonly passOver?: PassOver | undefined;
  }): Promise<readonly StoredOperation[]>;
  /**
   * `due` and `held` rows whose `expiresAtMs` (or `startAtMs` in its place) has passed, with payloads, and when the
   * next one passes. Unlike a claim it asks no route, so an open breaker can't hide what has expired.
   */
  expired(query: {
    readonly nowMs: number;
    readonly limit: number;
    readonly passOver?: PassOver | undefined;
  }): Promise<Expired>;
  /** Numbers of operations by standing. */
  counts(): Promise<StandingCounts>;
  /** Numbers of operations that wait for more than their turn and their lane. */
  blockedCounts(): Promise<BlockedCounts>;
  /**
   * Numbers of `due` and `held` operations by group of routes, rank and reason to wait, the most urgent first; none of
   * zero. The cost grows with the number of such counts, not of operations.
   */
  waitingCounts(query: {
    readonly groups: readonly (readonly string[])[];
  }): Promise<readonly WaitingCount[]>;
}
