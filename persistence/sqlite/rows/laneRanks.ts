/**
 * Ranks of lanes: the head of a lane has the rank of the most urgent operation in it, since those wait for it (OP-4,
 * docs/decisions/0114). It gets that rank in the transaction in which a more urgent one enters the lane, or in which it
 * becomes the head.
 *
 * A rank is bound into the seal of its row, so the row is sealed again, under the same revision: a revision counts the
 * writes of the engine, whose next one must still follow. That write takes the rank from here and not from the engine,
 * so a write under way can't undo it.
 *
 * @module
 */

import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import type { Raised, StoredOperation } from '../../port/store.ts';
import { STANDING_CODES } from '../schema/schema.ts';
import type { OperationColumns, OperationRow } from '../seals/rowSeals.ts';
import { idOfBytes } from '../seals/rowSeals.ts';
import type { Tables } from './tables.ts';
import { envelopeOf, listRow, takeRow, WriteNeeded } from './tables.ts';
import { isDamage } from './unreadableRows.ts';

/** The first in a lane, by the columns of its row, which nothing has proved yet. */
export type LaneHead = Pick<OperationColumns, 'seq' | 'id' | 'urgency'>;

/** The number of no row. */
const NOBODY = -1;

/** The first row of a lane other than `butSeq`; `undefined` if there is no other. */
export function laneHeadOf(
  { statements, known }: Tables,
  lane: Uint8Array,
  butSeq: number = NOBODY,
): LaneHead | undefined {
  try {
    const head = statements.laneHead.get(lane, butSeq, lane, butSeq) as LaneHead | undefined;
    if (head !== undefined) known.accompany(head.seq);
    return head;
  } catch (error) {
    if (!isDamage(error)) throw error;
    // Whichever it is, it is not alone from now on.
    known.clear();
    // On a page that can't be read: it is there all the same, and can't be changed.
    const isTaken = statements.anotherInLane.get(lane, butSeq, lane, butSeq) !== undefined;
    return isTaken ? { seq: NOBODY, id: new Uint8Array(16), urgency: 0 } : undefined;
  }
}

/** Raises the head of a lane for a row of this rank behind it; the result names a head that was raised. */
export function raiseTo(tables: Tables, head: LaneHead, urgency: number): Raised | null {
  if (urgency >= head.urgency || !rank(tables, head.seq, urgency)) return null;
  return { id: idOfBytes(head.id), urgency };
}

/** The same for a row that was there already: a repeat of its write must get the same answer. */
export function raisedBefore(
  tables: Tables,
  row: Pick<OperationColumns, 'seq' | 'lane' | 'urgency'>,
): Raised | null {
  const head = row.lane === null ? undefined : laneHeadOf(tables, row.lane);
  if (head === undefined || head.seq === row.seq || head.urgency !== row.urgency) return null;
  return { id: idOfBytes(head.id), urgency: head.urgency };
}

/** The head of a lane with its rank, if it waits there for its turn. */
export function heldHeadOf(tables: Tables, lane: Uint8Array): StoredOperation | null {
  for (;;) {
    const head = tables.statements.headOfLane.get(lane, lane) as OperationRow | undefined;
    if (head?.standing !== STANDING_CODES.held) return null;
    const operation = takeRow(tables, head);
    if (operation !== null) return ranked(tables, head, operation);
    // The row was quarantined and so left the lane; the next one is the head.
  }
}

/** A newly freed head, with its rank. */
export function freedHead(tables: Tables, head: StoredOperation): StoredOperation {
  const row = tables.statements.bySeq.get(head.seq) as OperationRow | undefined;
  return row === undefined ? head : ranked(tables, row, head);
}

/** The row of a head has been opened to `head`: seals it for the most urgent rank in its lane. */
function ranked(tables: Tables, row: OperationRow, head: StoredOperation): StoredOperation {
  const urgency = mostUrgentBehind(tables, row);
  if (urgency === null) return head;
  if (!tables.inTransaction()) throw new WriteNeeded();
  const columns: OperationColumns = { ...row, urgency, key_id: tables.seals.keyId };
  const payload = envelopeOf(row) ?? head.payload;
  write(tables, row, columns, tables.seals.sealState(columns, head.state, payload));
  return { ...head, urgency };
}

/** The most urgent rank that waits in the lane of a row; `null` where none is more urgent than it. */
function mostUrgentBehind(tables: Tables, { lane, urgency }: OperationRow): number | null {
  try {
    for (;;) {
      const found = tables.statements.moreUrgentInLane.get(lane, urgency);
      if (found === undefined) return null;
      const first = found as OperationRow;
      // Opened first: a rank that was edited in the file must not find its way under another seal.
      if (listRow(tables, first).standing !== 'quarantined') return first.urgency;
    }
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** Writes the rank; `false` for a row that can't be read or opened, which is quarantined when it is next taken. */
function rank(tables: Tables, seq: number, urgency: number): boolean {
  const { statements, seals } = tables;
  try {
    const row = statements.listOne.get(seq) as OperationRow | undefined;
    // An earlier copy must not become the record by a new seal.
    if (row === undefined || !tables.set.holds('operation', seq, row.state)) return false;
    const columns: OperationColumns = { ...row, urgency, key_id: seals.keyId };
    write(tables, row, columns, seals.resealState(row, columns));
    return true;
  } catch (error) {
    if (isDamage(error) || isOfTheRecord(error)) return false;
    throw error;
  }
}

function write(
  tables: Tables,
  before: OperationColumns,
  columns: OperationColumns,
  state: Uint8Array,
): void {
  faultPoint('store.beforeRaise');
  tables.mutations.rankOperation(before, columns, state);
  tables.known.rank(columns.seq, columns.urgency);
}

function isOfTheRecord(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  return isHoldfastError(error) && /^HF_(RECORD|KEY)_/.test(error.code);
}
