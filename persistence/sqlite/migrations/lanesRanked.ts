/**
 * From version 3 to 4: those that wait in a lane are found by how urgent they are, and the head of a lane
 * has the rank of the most urgent of them (docs/decisions/0114). Only heads behind which a more urgent one
 * waits are sealed anew; every other row stays as it is.
 *
 * A row that can't be opened raises nobody and is not raised: it will be quarantined when it is next
 * looked at.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { LANE_RANK_INDEX } from '../schema/schemaV4.ts';
import type { OperationRow, RowSeals } from '../seals/rowSeals.ts';

const HELD = 3;
/** Lanes looked at between two writes. */
const LANES_AT_ONCE = 500;

export function lanesRanked(db: Database.Database, seals: RowSeals): void {
  db.exec(LANE_RANK_INDEX);
  const lanes = db
    .prepare<[Uint8Array], Uint8Array>(
      `SELECT DISTINCT lane FROM operation WHERE lane IS NOT NULL AND standing = ${HELD} AND lane > ? ` +
        `ORDER BY lane LIMIT ${LANES_AT_ONCE}`,
    )
    .pluck();
  const head = db.prepare<[Uint8Array], OperationRow>(
    'SELECT *, NULL AS payload FROM operation WHERE lane = ? ORDER BY seq LIMIT 1',
  );
  const moreUrgent = db.prepare<[Uint8Array, number], OperationRow>(
    `SELECT *, NULL AS payload FROM operation WHERE lane IS NOT NULL AND standing = ${HELD} AND lane = ? ` +
      'AND urgency < ? ORDER BY urgency',
  );
  const update = db.prepare(
    'UPDATE operation SET urgency = ?, key_id = ?, state = ? WHERE seq = ?',
  );
  let after: Uint8Array = Buffer.alloc(0);
  for (;;) {
    const found = lanes.all(after);
    for (const lane of found) {
      after = lane;
      const first = head.get(lane);
      if (first === undefined) continue;
      const urgency = mostUrgent(seals, moreUrgent.iterate(lane, first.urgency));
      const columns = { ...first, urgency: urgency ?? first.urgency, key_id: seals.keyId };
      const state = urgency === null ? null : resealed(seals, first, columns);
      if (state !== null) update.run(columns.urgency, columns.key_id, state, first.seq);
    }
    if (found.length < LANES_AT_ONCE) return;
  }
}

/** Of those in order, the first that opens: one that was edited must not find its way under another seal. */
function mostUrgent(seals: RowSeals, rows: Iterable<OperationRow>): number | null {
  for (const row of rows) if (resealed(seals, row, row) !== null) return row.urgency;
  return null;
}

function resealed(seals: RowSeals, row: OperationRow, columns: OperationRow): Uint8Array | null {
  try {
    return seals.resealState(row, columns);
  } catch (error) {
    // Any other failure here means a column that no row of ours can hold.
    const isOfAColumn = error instanceof TypeError || error instanceof RangeError;
    if (isOfAColumn || isHoldfastError(error)) return null;
    throw error;
  }
}
