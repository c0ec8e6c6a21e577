/**
 * From version 1 to 2: dead letters stand apart from what has settled, so that listing them reads
 * only them and retention does not touch them; settled rows are found by when they may be purged.
 *
 * In version 1 a dead letter is a settled row that still has its payload. The standing is bound into
 * the seal, so each is sealed anew. One that can't be opened stays as it is: it will be quarantined
 * when it is next looked at, like any other.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { RowSeals } from '../seals/rowSeals.ts';
import type { OperationColumnsV2, OperationRowV2, SealsV2 } from '../seals/sealsV2.ts';

const SETTLED = 0;
const DEAD_LETTERED = 5;
/** Rows resealed at a time. */
const ROWS_AT_ONCE = 32;

const TABLES = [
  'CREATE TEMP TABLE kept AS SELECT * FROM quarantine',
  'DROP TABLE quarantine',
  `CREATE TABLE quarantine (
    seq INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    standing INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER,
    lane BLOB,
    idempotency BLOB,
    set_aside_at INTEGER
  ) STRICT`,
  'INSERT INTO quarantine SELECT *, NULL FROM kept',
  'DROP TABLE kept',
  'CREATE INDEX operation_dead_lettered ON operation (seq) WHERE standing = 5',
  'CREATE INDEX operation_settled ON operation (due_at) WHERE standing = 0',
];

export function deadLettersApart(db: Database.Database, { v2: seals }: RowSeals): void {
  for (const statement of TABLES) db.exec(statement);
  const next = db.prepare<[number], OperationRowV2>(
    'SELECT operation.*, envelope AS payload FROM payload JOIN operation USING (seq) ' +
      `WHERE seq > ? AND standing = ${SETTLED} ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  const update = db.prepare(
    'UPDATE operation SET revision = ?, key_id = ?, standing = ?, due_at = ?, state = ? WHERE seq = ?',
  );
  let afterSeq = -1;
  for (;;) {
    const rows = next.all(afterSeq);
    for (const row of rows) {
      afterSeq = row.seq;
      const state = openedState(seals, row);
      if (state === null) continue;
      const columns: OperationColumnsV2 = {
        ...row,
        revision: row.revision + 1,
        key_id: seals.keyId,
        standing: DEAD_LETTERED,
        due_at: null,
      };
      const { revision, key_id, standing, due_at } = columns;
      update.run(revision, key_id, standing, due_at, seals.sealState(columns, state), row.seq);
    }
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

function openedState(seals: SealsV2, row: OperationRowV2): string | null {
  try {
    return seals.openRow({ ...row, payload: null }).state;
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
}
