/**
 * What is shown of a quarantined record: one that could not be opened or read, and is kept whole
 * so that the others go on (PS-3).
 *
 * @module
 */

import type { QuarantineRecord } from '../../../actors/port.ts';
import { type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Standing } from '../../../persistence/port/store.ts';

/** A quarantined record, as it is listed: nothing of what it holds, but for where it stood. */
export interface Quarantined {
  readonly id: string;
  /** Why it was quarantined. */
  readonly code: ErrorCode;
  /** `null` where that was not noted. */
  readonly setAsideAtMs: number | null;
  /** Where it stood: `due`, `inHand`, …; `null` where that is not known. */
  readonly stood: Standing | null;
  /** Why it can't be opened now; `null` when its seals open. */
  readonly opensNot: ErrorCode | null;
  /** What wrote its state and which one it is, where its seals open. */
  readonly snapshot: {
    readonly machine: string;
    readonly version: string;
    readonly state: string;
  } | null;
}

export function quarantinedOf(record: QuarantineRecord): Quarantined {
  return {
    id: record.id,
    code: codeOf(record.code),
    setAsideAtMs: record.setAsideAtMs,
    stood: record.stood,
    opensNot: record.opensNot === null ? null : codeOf(record.opensNot),
    snapshot: record.snapshot,
  };
}

/** The store notes codes as text; each was the code of an error. */
export function codeOf(code: string | null): ErrorCode {
  return (code ?? 'HF_RECORD_TAMPERED') as ErrorCode;
}

/** Where the page after these rows begins; `null` where they were the last. */
export function nextSeqOf(rows: readonly { readonly seq: number }[], limit: number): number | null {
  return rows.length < limit ? null : (rows.at(-1)?.seq ?? null);
}

export function notQuarantined(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_QUARANTINED',
    'The record of that id is not set aside, or no longer. Nothing was changed.',
    { field: 'id' },
  );
}
