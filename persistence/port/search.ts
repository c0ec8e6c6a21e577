/**
 * Searching the operations of a store for people: piece by piece, however many there are, so that nobody
 * waits behind it (SC-1).
 *
 * @module
 */

import type { Standing, StoredOperation, WaitsFor } from './storedOperation.ts';

/** How many rows a piece of a search looks at, whatever it finds among them. */
export const SEARCHED_ROWS = 2_000;

/** Which operations are meant; what is left out restricts nothing. */
export interface Searched {
  /** Those that stand in one of these places. */
  readonly standings?: readonly Standing[] | undefined;
  readonly waitsFor?: WaitsFor | undefined;
  /** Whom they concern: compared as a keyed blind index. */
  readonly subject?: string | undefined;
  /** Those that were accepted with this tag. */
  readonly tag?: string | undefined;
  /**
   * Those with ids from this one on, since ids sort by when they were made; and those of rank 0, whose ids
   * may be older than their acceptance.
   */
  readonly idFrom?: string | undefined;
  /** Those with ids before this one. */
  readonly idBefore?: string | undefined;
  /** Those whose ids end so: an even number of digits, in small letters. */
  readonly idEnd?: string | undefined;
  /** Texts that all have to be in the state. What is looked at for them is opened, a record at a time. */
  readonly mentions?: readonly string[] | undefined;
}

export interface SearchQuery extends Searched {
  readonly order: 'newest' | 'oldest';
  /** Where to go on: rows accepted before it (`newest`) or after it (`oldest`). */
  readonly fromSeq: number;
  /** How many records are opened at most. */
  readonly limit: number;
}

export interface FoundRows {
  /**
   * Without payloads, in that order. Of what can't be opened, and so is quarantined, whatever is meant of its
   * state.
   */
  readonly rows: readonly StoredOperation[];
  /** Where the search goes on; `null` once it is through. A piece may find nothing and not be the last. */
  readonly nextSeq: number | null;
}

export interface SearchStore {
  /** The next piece of a search: looks at no more than {@link SEARCHED_ROWS} rows. */
  search(query: SearchQuery): Promise<FoundRows>;
}
