/**
 * Searches of the operations of a store for people, in pieces of bounded size, so that nothing waits behind them
 * (SC-1).
 *
 * @module
 */

import type { Standing, StoredOperation, WaitsFor } from './storedOperation.ts';

/** Rows that a piece of a search reads, however many match. */
export const SEARCHED_ROWS = 2_000;

/** Conditions on operations; one that is left out restricts nothing. */
export interface Searched {
  /** Operations of these standings. */
  readonly standings?: readonly Standing[] | undefined;
  readonly waitsFor?: WaitsFor | undefined;
  /** The subject, compared as a keyed blind index. */
  readonly subject?: string | undefined;
  /** Operations accepted with this tag. */
  readonly tag?: string | undefined;
  /**
   * Operations with ids from this one on, since ids sort by creation; and those of rank 0, whose ids may be older than
   * their acceptance.
   */
  readonly idFrom?: string | undefined;
  /** Operations with ids before this one. */
  readonly idBefore?: string | undefined;
  /** Operations whose ids end so: an even number of digits, in small letters. */
  readonly idEnd?: string | undefined;
  /** Texts that all have to be in the state. What is looked at for them is opened, a record at a time. */
  readonly mentions?: readonly string[] | undefined;
}

export interface SearchQuery extends Searched {
  readonly order: 'newest' | 'oldest';
  /** The acceptance number to go on from: rows before it (`newest`) or after it (`oldest`). */
  readonly fromSeq: number;
  /** Maximum number of records to open. */
  readonly limit: number;
}

export interface FoundRows {
  /**
   * Matching rows without payloads, in that order; and rows that can't be opened, which are quarantined, whatever their
   * states hold.
   */
  readonly rows: readonly StoredOperation[];
  /** The `fromSeq` of the next piece; `null` after the last. A piece may find nothing and not be the last. */
  readonly nextSeq: number | null;
}

export interface SearchStore {
  /** The next piece of a search: looks at no more than {@link SEARCHED_ROWS} rows. */
  search(query: SearchQuery): Promise<FoundRows>;
}
