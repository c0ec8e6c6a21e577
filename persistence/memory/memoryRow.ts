/**
 * A row of the memory store.
 *
 * @module
 */

import type { StoredOperation, WaitsFor } from '../port/store.ts';

/** A row with all that was written to it. Rows are replaced, never changed. */
export interface MemoryRow extends StoredOperation {
  readonly route: string;
  readonly waitsFor: WaitsFor;
  readonly subject: string | null;
  readonly tags?: readonly string[] | undefined;
  readonly lane: string | null;
  readonly idempotencyKey: string | null;
  readonly expiresAtMs: number | null;
  /** The lane it was in before it left. */
  readonly laneLeft: string | null;
  /** For a quarantined row: the reason, and the row as it was. */
  readonly aside: { readonly code: string; readonly before: MemoryRow } | null;
}

/** The operation of a row. */
export function operationOf(row: MemoryRow): StoredOperation {
  const { seq, id, revision, standing, dueAtMs, urgency, state, payload } = row;
  return { seq, id, revision, standing, dueAtMs, urgency, state, payload };
}
