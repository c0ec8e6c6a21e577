/**
 * What keeps a store sound while nobody asks for anything: checks, recounts and erasure, and what the
 * store found on its own.
 *
 * @module
 */

import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRow } from './quarantined.ts';

/** A page of a check. */
export interface CheckedPage {
  /** How many rows were looked at. */
  readonly checked: number;
  /** How many of them can't be read from the file at all, and so not be quarantined either. */
  readonly unreadable: number;
  /** Where the check goes on; `null` once it is through. */
  readonly nextAfterSeq: number | null;
}

export interface UpkeepStore {
  /**
   * Opens the next `limit` records, of any standing, and sets aside those that can't be opened; tells
   * of each through {@link Store.onQuarantine}. Looks whether each can be found by all that it should
   * be found by, makes anew what misses one, and tells of that through {@link Store.onNotice}.
   */
  check(query: { readonly afterSeq: number; readonly limit: number }): Promise<CheckedPage>;
  /**
   * Looks whether the `limit` latest rows before `beforeSeq` are found by their idempotency keys, opens none of them, and
   * makes anew and tells of what misses one, as {@link check} does. Resolves to where it goes on; `null` once it is through.
   */
  checkKeys(query: { readonly beforeSeq: number; readonly limit: number }): Promise<number | null>;
  /** Compares what {@link counts} are kept with what is there, puts them right and tells of it. */
  recount(): Promise<void>;
  /**
   * Takes what was erased out of whatever the store keeps beside its data, for a while when nothing
   * else is asked (SE-5). Resolves to `false` where it could not be done now: somebody reads, or asks.
   */
  clearErased(): Promise<boolean>;
  /** Called with each row that is quarantined, as it happens. */
  onQuarantine(listener: (row: QuarantinedRow) => void): void;
  /** Tells of what was amiss with the store and has been mended. */
  onNotice(listener: (notice: HoldfastError) => void): void;
}
