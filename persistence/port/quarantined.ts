/**
 * A quarantined record, as the store reports it.
 *
 * @module
 */

import type { Standing } from './storedOperation.ts';

/**
 * A row that could not be opened and is quarantined (PS-3). It has left its lane: operations behind it are now among
 * the `Store.freedHeads`.
 */
export interface QuarantinedRow {
  readonly seq: number;
  readonly id: string;
  /** The `ErrorCode` of the failure. */
  readonly code: string;
}

/** A quarantined row, as far as it can be read. */
export interface QuarantinedRecord extends QuarantinedRow {
  readonly revision: number;
  readonly urgency: number;
  /** When it was quarantined; `null` where that was not noted. */
  readonly setAsideAtMs: number | null;
  /** The row's standing before; `null` if its own row alone says that it is quarantined. */
  readonly stood: Standing | null;
  /** The state it opens to now; `null` if it can't be opened. */
  readonly state: string | null;
  /** Why it can't be opened now; `null` when it can. */
  readonly opensNot: string | null;
}

/** A quarantined row as it is on disk: nothing opened, bytes in base64. */
export interface SealedRecord {
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
  readonly keyId: number;
  readonly urgency: number;
  readonly code: string;
  readonly setAsideAtMs: number | null;
  readonly stood: Standing | null;
  readonly dueAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly route: string;
  readonly lane: string | null;
  readonly idempotency: string | null;
  readonly state: string;
  readonly payload: string | null;
}
