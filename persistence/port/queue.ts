/**
 * What a passive store is asked so that an engine can hand out work: what is due, what was in hand,
 * which lanes wait for a head. An engine with queues of its own needs none of it.
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
  /** Of whichever of these routes; one that is named twice counts once. */
  readonly routes: readonly string[];
  /** The most urgent rank to hand out; 0 where it is absent. */
  readonly urgencyMin?: number | undefined;
  /** The least urgent rank to hand out. */
  readonly urgencyMax: number;
  /** Rows due at or before this. */
  readonly nowMs: number;
  readonly limit: number;
  readonly passOver?: PassOver | undefined;
  /** Only rows of these subjects, or of all others; absent for any. What it leaves out it has to read past. */
  readonly subjects?: SubjectChoice | undefined;
}

/** A choice of rows by whom they are about. */
export interface SubjectChoice {
  readonly names: readonly string[];
  /** Rows of these subjects; `false` for rows of all others, and of none. */
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
   * When the next row of these routes and ranks is due that is not among `rows`: the next in the same
   * order where `limit` left out some that are due by `nowMs`, else the earliest of those to come; `null`
   * for none, where {@link NEVER_MS} counts as none.
   */
  readonly nextDueAtMs: number | null;
}

export interface Expired {
  /** With payloads, the earliest expiry first. */
  readonly rows: readonly StoredOperation[];
  /** When the next one that is not among `rows` expires; `null` for none. */
  readonly nextExpiryAtMs: number | null;
}

/** A page of a search that looks at a bounded number of rows, whatever it finds among them. */
export interface SearchPage {
  /** With payloads, in order of acceptance. */
  readonly rows: readonly StoredOperation[];
  /** Where the search goes on; `null` once it is through. */
  readonly nextAfterSeq: number | null;
}

export interface QueueStore {
  /** What is due in any of some routes. */
  claim(query: ClaimQuery): Promise<Claim>;
  /** What was in hand when the store was last left, most urgent first, from `afterSeq` of that urgency on. */
  inHand(query: {
    readonly after: { readonly urgency: number; readonly seq: number } | null;
    readonly limit: number;
  }): Promise<readonly StoredOperation[]>;
  /**
   * `held` rows at the head of their lane: freed by a settlement whose sequel a crash cut off. Looks
   * at no more than `limit` held rows at a time, since there may be a million of them and no head.
   */
  freedHeads(query: { readonly afterSeq: number; readonly limit: number }): Promise<SearchPage>;
  /** Which of these routes have any row that is `due`, now or ever: an idle one costs nothing to find. */
  occupiedRoutes(query: { readonly routes: readonly string[] }): Promise<readonly string[]>;
  /**
   * Rows that are `due` in a route other than the named ones, whatever their due time short of
   * {@link NEVER_MS}: work that no queue claims, for want of its upstream or of a handler (OP-7). With
   * payloads.
   */
  strays(query: {
    readonly routes: readonly string[];
    readonly limit: number;
    readonly passOver?: PassOver | undefined;
  }): Promise<readonly StoredOperation[]>;
  /**
   * `due` and `held` rows whose `expiresAtMs` (or `startAtMs`, in its place) has come, with payloads, and when the next one comes.
   * Unlike a claim it asks no route, so that an open breaker can't hide what has expired.
   */
  expired(query: {
    readonly nowMs: number;
    readonly limit: number;
    readonly passOver?: PassOver | undefined;
  }): Promise<Expired>;
  /** How many operations stand where. */
  counts(): Promise<StandingCounts>;
  /** How many operations wait for more than their turn and their lane. */
  blockedCounts(): Promise<BlockedCounts>;
  /**
   * What is `due` or `held`, counted by group of routes, rank and what it waits for: none of what is not there, the
   * most urgent first. It costs as much as there are such counts, whatever they are.
   */
  waitingCounts(query: {
    readonly groups: readonly (readonly string[])[];
  }): Promise<readonly WaitingCount[]>;
}
