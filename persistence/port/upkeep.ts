/**
 * Upkeep of a store while nothing else is asked: checks, recounts and erasure, and reports of what the store found.
 *
 * @module
 */

import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRow } from './quarantined.ts';

/** A page of a check. */
export interface CheckedPage {
  /** Number of rows read. */
  readonly checked: number;
  /** Number of rows that can't be read from the file at all, and so not be quarantined. */
  readonly unreadable: number;
  /** The `afterSeq` of the next page; `null` after the last. */
  readonly nextAfterSeq: number | null;
}

export interface UpkeepStore {
  /**
   * Opens the next `limit` records, of any standing, and quarantines those that can't be opened, each reported by
   * {@link Store.onQuarantine}. Checks that each is found by all its indexes, rebuilds an index that misses one, and
   * reports that by {@link Store.onNotice}.
   */
  check(query: { readonly afterSeq: number; readonly limit: number }): Promise<CheckedPage>;
  /**
   * Checks, without opening them, that the `limit` latest rows before `beforeSeq` are found by their idempotency keys;
   * rebuilds and reports as {@link check} does. Resolves to the next `beforeSeq`; `null` after the last.
   */
  checkKeys(query: { readonly beforeSeq: number; readonly limit: number }): Promise<number | null>;
  /** Compares the kept {@link counts} with the rows, corrects them and reports that. */
  recount(): Promise<void>;
  /**
   * Takes erased data out of what the store keeps beside its file, when nothing else is asked (SE-5). Resolves to
   * `false` if it could not be done now, because somebody reads or asks.
   */
  clearErased(): Promise<boolean>;
  /** Called with each row that is quarantined, as it happens. */
  onQuarantine(listener: (row: QuarantinedRow) => void): void;
  /** Reports faults of the store that were mended. */
  onNotice(listener: (notice: HoldfastError) => void): void;
}
