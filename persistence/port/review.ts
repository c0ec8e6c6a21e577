/**
 * Work that waits for a person: dead letters and quarantined records.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing, StoredOperation } from './storedOperation.ts';

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

// The hold of a store: nothing in it runs until a person releases it. A store is held if another copy of it may have
// done its work already, after a restore from a backup or a copy of its folder (PS-5), or if its last commits are gone or
// its folder was put back from an earlier copy (SE-6).
//
// The hold is part of the mark that every store has, sealed together with the place of the store, so it outlives
// restarts and can't be taken out of the file.

export interface Hold {
  readonly reason: 'restored' | 'copied' | 'endMissing' | 'rolledBack';
  /** When it began; `null` where that is not known. */
  readonly sinceAtMs: number | null;
  /** The last acceptance number before the hold; later work is the held store's own. */
  readonly seqMax: number;
}

/** Holds the store; `null` releases it. */
export interface HoldWrite {
  readonly kind: 'hold';
  readonly hold: Hold | null;
  /** The number of the commit in the anchor, with a release: from now on the store is ahead of it. */
  readonly aboveEpoch?: number | undefined;
}

/** The write of a hold; `null` ends it. */
export function holdWrite(hold: Hold | null, aboveEpoch?: number): HoldWrite {
  return { kind: 'hold', hold, aboveEpoch };
}

/** The error that reports the hold to the owner. */
export function heldError({ reason }: Hold): HoldfastError {
  const why = {
    restored: 'was restored from a backup',
    copied: 'was copied with its folder',
    endMissing: 'has lost its last commits, as an earlier copy was put back or its log was cut',
    rolledBack: 'is behind its anchor, as its folder was put back from an earlier copy',
  }[reason];
  return new HoldfastError(
    'HF_STORE_HELD',
    `The store ${why}: what waits in it may have been done since. Nothing of it runs until ` +
      'runtime.release() or holdfast release; new work is accepted and waits, crises are served.',
    { retry: 'later', withStack: false },
  );
}
