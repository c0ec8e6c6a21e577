/**
 * The step from a version that never was (docs/decisions/0256). Tests run it as users will run the first real step,
 * which takes its place. It adds the count of what waits, and seals every state again.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { WAITING_TABLES } from '../schema/schemaV1.ts';
import type { OperationRow, RowSeals } from '../seals/rowSeals.ts';

const WAITING_COUNTED =
  'INSERT INTO waiting SELECT route, urgency, waits_for, count(*) FROM operation ' +
  'WHERE standing IN (2, 3) GROUP BY route, urgency, waits_for';
/** Rows sealed at a time: few, so that they are in memory for a moment only. */
const ROWS_AT_ONCE = 32;

export function madeUpStep(db: Database.Database, seals: RowSeals): void {
  for (const statement of [...WAITING_TABLES, WAITING_COUNTED]) db.exec(statement);
  const next = db.prepare<[number], OperationRow>(
    `SELECT *, NULL AS payload FROM operation WHERE seq > ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  const update = db.prepare('UPDATE operation SET key_id = ?, state = ? WHERE seq = ?');
  // From the least: a number that was edited is no reason to skip its row.
  for (let afterSeq = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = next.all(afterSeq);
    for (const row of rows) {
      afterSeq = row.seq;
      const state = resealed(seals, row);
      if (state !== null) update.run(seals.keyId, state, row.seq);
    }
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

/**
 * The state sealed again; `null` for a row that does not open, which keeps its bytes and is quarantined when it is next
 * read.
 */
function resealed(seals: RowSeals, row: OperationRow): Uint8Array | null {
  try {
    return seals.resealState(row, { ...row, key_id: seals.keyId });
  } catch (error) {
    // Any other failure here means a column that no row of ours can hold.
    const isOfAColumn = error instanceof TypeError || error instanceof RangeError;
    if (isOfAColumn || isHoldfastError(error)) return null;
    throw error;
  }
}
