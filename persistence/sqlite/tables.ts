/**
 * Opens rows, and sets aside those that can't be opened.
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRow, Standing, StoredOperation } from '../store.ts';
import type { KnownRows, LanesLeft } from './knownRows.ts';
import type { OpenedRow, OperationRow, RowSeals } from './rowSeals.ts';
import { idOfBytes } from './rowSeals.ts';
import { STANDING_CODES } from './schema.ts';
import type { Statements } from './statements.ts';

/** What reading and writing rows needs; made anew for each connection, but for what is remembered. */
export interface Tables {
  readonly statements: Statements;
  readonly seals: RowSeals;
  readonly known: KnownRows;
  readonly lanesLeft: LanesLeft;
  readonly onQuarantine: (row: QuarantinedRow) => void;
}

export const STANDINGS: ReadonlyMap<number, Standing> = new Map(
  (Object.keys(STANDING_CODES) as Standing[]).map((name) => [STANDING_CODES[name], name]),
);

/**
 * The operation of a row that is about to be handed out, remembered for the write that will follow;
 * `null` when it can't be opened, and is now quarantined.
 */
export function takeRow(tables: Tables, row: OperationRow): StoredOperation | null {
  const operation = openRow(tables, row);
  if (operation === null || operation.standing === 'quarantined') return null;
  tables.known.remember(row.seq, row, row.payload !== null);
  return operation;
}

/** The operation of a row that is looked at; one that can't be opened is shown as quarantined. */
export function showRow(tables: Tables, row: OperationRow): StoredOperation {
  return openRow(tables, row) ?? quarantinedForm(row);
}

/** For a list, which gives no payloads; small ones come along with the state. */
export function withoutPayload(operation: StoredOperation): StoredOperation {
  return { ...operation, payload: null };
}

/** The operations of rows that are about to be handed out, without those that can't be opened. */
export function takeRows(tables: Tables, rows: readonly OperationRow[]): StoredOperation[] {
  return rows.map((row) => takeRow(tables, row)).filter((operation) => operation !== null);
}

function openRow(tables: Tables, row: OperationRow): StoredOperation | null {
  if (row.standing === STANDING_CODES.quarantined) return quarantinedForm(row);
  try {
    return operationOf(row, tables.seals.openRow(row));
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    // Any other failure here means a column that no row of ours can hold.
    const isOfTheRecord = error.code.startsWith('HF_RECORD_') || error.code.startsWith('HF_KEY_');
    quarantine(tables, row, isOfTheRecord ? error.code : 'HF_RECORD_TAMPERED');
    return null;
  }
}

/** Clears the columns by which the row would be found or would block others; its bytes stay. */
export function quarantine(tables: Tables, row: OperationRow, code: string): void {
  const { statements, known, onQuarantine } = tables;
  statements.noteQuarantine.run(code, row.seq);
  statements.quarantine.run(row.seq);
  known.forget(row.seq);
  onQuarantine({ seq: row.seq, id: idOfBytes(row.id), code });
}

function quarantinedForm(row: OperationRow): StoredOperation {
  const form = operationOf(row, { state: '', payload: null });
  return { ...form, standing: 'quarantined', dueAtMs: null };
}

function operationOf(row: OperationRow, { state, payload }: OpenedRow): StoredOperation {
  return {
    seq: row.seq,
    id: idOfBytes(row.id),
    revision: row.revision,
    standing: STANDINGS.get(row.standing) ?? 'quarantined',
    dueAtMs: row.due_at,
    urgency: row.urgency,
    state,
    payload,
  };
}

/** The head of a lane, if it waits there for its turn. */
export function heldHeadOf(tables: Tables, lane: Uint8Array): StoredOperation | null {
  for (;;) {
    const head = tables.statements.headOfLane.get(lane) as OperationRow | undefined;
    if (head?.standing !== STANDING_CODES.held) return null;
    const operation = takeRow(tables, head);
    if (operation !== null) return operation;
    // It was set aside and so left the lane; whoever is next is the head.
  }
}
