/**
 * Work that waits for a person: dead letters and quarantined records.
 *
 * @module
 */

import type { QuarantinedRecord, SealedRecord } from './quarantined.ts';
import type { StoredOperation } from './storedOperation.ts';

export interface DeadLetterQuery {
  readonly order: 'newest' | 'oldest';
  /** The acceptance number to go on from: rows before it (`newest`) or after it (`oldest`). */
  readonly fromSeq: number;
  /** Rows looked at. */
  readonly limit: number;
  /** Only dead letters of these routes. */
  readonly routes?: readonly string[] | undefined;
}

export interface DeadLetterRows {
  /** Without payloads. */
  readonly rows: readonly StoredOperation[];
  /** The `fromSeq` of the next page; `null` after the last. */
  readonly nextSeq: number | null;
}

export interface ReviewStore {
  /** Dead letters in order of acceptance, either way. */
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterRows>;
  /** Quarantined rows, in order of acceptance. */
  quarantine(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly QuarantinedRecord[]>;
  /** Quarantined records as they are on disk. */
  sealedQuarantine(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly SealedRecord[]>;
}
