/**
 * Columns of rows that are likely to be written next, so that a write need not read first. All of it can be read again
 * from the file.
 *
 * @module
 */

import type { OperationColumns } from '../seals/rowSeals.ts';

/** The columns of a row that its updates keep, and the revision they must follow. */
export type KnownColumns = Pick<
  OperationColumns,
  | 'id'
  | 'revision'
  | 'standing'
  | 'urgency'
  | 'waits_for'
  | 'route'
  | 'subject'
  | 'lane'
  | 'idempotency'
>;

export interface KnownRow extends KnownColumns {
  /** The commitment of the payload's envelope, where that has a row of its own; `null` where not. */
  readonly envelope: Uint8Array | null;
  /** True if it surely has its lane to itself: nobody was there when it came, and nobody has asked for its head since. */
  readonly isAlone: boolean;
}

/** Some 400 bytes each: a few megabytes at most. */
const ROWS_MAX = 16_384;

/** Rows in hand whose seal was made or checked by this process. The oldest give way to new ones. */
export class KnownRows {
  readonly #rows = new Map<number, KnownRow>();

  get(seq: number): KnownRow | undefined {
    return this.#rows.get(seq);
  }

  remember(seq: number, from: KnownColumns, envelope: Uint8Array | null, isAlone: boolean): void {
    if (this.#rows.size >= ROWS_MAX && !this.#rows.has(seq)) {
      const oldest = this.#rows.keys().next();
      if (oldest.done !== true) this.#rows.delete(oldest.value);
    }
    // Field by field: spreading costs as much as sealing the row.
    const { id, revision, standing, urgency, waits_for, route, subject, lane, idempotency } = from;
    this.#rows.set(seq, {
      id,
      revision,
      standing,
      urgency,
      waits_for,
      route,
      subject,
      lane,
      idempotency,
      envelope,
      isAlone,
    });
  }

  /** Notes a new rank. */
  rank(seq: number, urgency: number): void {
    const row = this.#rows.get(seq);
    if (row !== undefined) this.#rows.set(seq, { ...row, urgency });
  }

  /** Notes that another may join the lane of this row. */
  accompany(seq: number): void {
    const row = this.#rows.get(seq);
    if (row?.isAlone === true) this.#rows.set(seq, { ...row, isAlone: false });
  }

  forget(seq: number): void {
    this.#rows.delete(seq);
  }

  clear(): void {
    this.#rows.clear();
  }
}

/**
 * Lanes that rows were leaving in a transaction that failed but may have reached the disk. The row itself no longer
 * says which lane it left, and the operations waiting there must still be found when the write is repeated.
 */
export class LanesLeft {
  /** Lanes left in the current transaction. */
  readonly #leaving = new Map<number, Uint8Array>();
  /** Lanes left in failed transactions, until each write is repeated. */
  readonly #uncertain = new Map<number, Uint8Array>();

  leave(seq: number, lane: Uint8Array): void {
    this.#leaving.set(seq, lane);
  }

  /** The lane that an earlier, failed attempt of this write left. */
  left(seq: number): Uint8Array | undefined {
    return this.#uncertain.get(seq);
  }

  committed(): void {
    if (this.#uncertain.size > 0) {
      for (const seq of this.#leaving.keys()) this.#uncertain.delete(seq);
    }
    this.#leaving.clear();
  }

  /** The transaction was rolled back and surely left nothing. */
  rolledBack(): void {
    this.#leaving.clear();
  }

  /** The transaction failed; whether it reached the disk is not known. */
  failed(): void {
    for (const [seq, lane] of this.#leaving) this.#uncertain.set(seq, lane);
    this.#leaving.clear();
  }
}
