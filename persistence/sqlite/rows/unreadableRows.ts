/**
 * Takes rows to be handed out where one of them can't be read from the file: the others are not to be
 * lost with it.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { URGENCY_MAX } from '../../../machines/vocabulary/urgency.ts';
import type { StoredOperation } from '../../port/store.ts';
import { isSqliteError } from '../driver/library.ts';
import type { OperationRow } from '../seals/rowSeals.ts';
import type { Tables } from './tables.ts';
import { takeRow, takeRows } from './tables.ts';

/** Replaces the id of a row that can't be read. */
export const NO_ID = '';

/** The view of a row that can't be read: only its number is known. */
export function unreadableRow(seq: number): StoredOperation {
  return {
    seq,
    id: NO_ID,
    revision: 0,
    standing: 'quarantined',
    dueAtMs: null,
    urgency: URGENCY_MAX,
    state: '',
    payload: null,
  };
}

/** True if a damaged page of the file is the cause. */
export function isDamage(error: unknown): boolean {
  if (isHoldfastError(error)) return error.code === 'HF_STORE_CORRUPT';
  return isSqliteError(error) && error.code.startsWith('SQLITE_CORRUPT');
}

/**
 * Takes rows from `fetch`. One that can't be opened is quarantined and no longer found, so fetching again fills its
 * place: a short page always means that there is no more. One that can't even be read is reported and added to
 * `unreadable`, which `fetch` passes over. `seqs` gives the numbers of the rows that `fetch` reads, from an index and
 * not from the rows.
 */
export function takeAll(
  tables: Tables,
  fetch: () => readonly OperationRow[],
  seqs: [statement: Database.Statement, ...parameters: readonly unknown[]],
): StoredOperation[] {
  for (;;) {
    try {
      const rows = fetch();
      const taken = takeRows(tables, rows);
      if (taken.length === rows.length) return taken;
    } catch (error) {
      const [statement, ...parameters] = seqs;
      if (!isDamage(error)) throw error;
      if (!meetUnreadable(tables, statement.all(...parameters) as number[])) throw error;
    }
  }
}

/** True if any of these rows has become unreadable. */
function meetUnreadable(tables: Tables, seqs: readonly number[]): boolean {
  const before = tables.unreadable.size;
  for (const seq of seqs) {
    if (tables.unreadable.has(seq)) continue;
    try {
      const row = tables.statements.bySeq.get(seq) as OperationRow | undefined;
      if (row !== undefined) takeRow(tables, row);
    } catch (error) {
      if (!isDamage(error)) throw error;
      tables.unreadable.add(seq);
      tables.onNotice(passedOver(seq));
    }
  }
  return tables.unreadable.size > before;
}

function passedOver(seq: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The record with the number ${seq} is damaged and is passed over; the others go on. Look with holdfast doctor --deep, and restore a backup.`,
    { withStack: false },
  );
}
