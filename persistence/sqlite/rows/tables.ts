/**
 * Opens rows, and quarantines those that can't be opened.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { QuarantinedRow, Standing, StoredOperation } from '../../port/store.ts';
import { commitmentOf } from '../../sealing/envelope.ts';
import { isSqliteError } from '../driver/library.ts';
import { createMutations, type Mutations } from '../mutations/mutations.ts';
import { STANDING_CODES } from '../schema/schema.ts';
import { RecordSet } from '../seals/recordSet.ts';
import type {
  KeptPayload,
  OpenedRow,
  OperationColumns,
  OperationRow,
  RowSeals,
} from '../seals/rowSeals.ts';
import { goesInside, idOfBytes } from '../seals/rowSeals.ts';
import { AuditEnd } from './auditEnd.ts';
import { KnownRows, LanesLeft } from './knownRows.ts';
import { createSelfChecks, type SelfChecks } from './probes.ts';
import { createSearchStatements, type SearchStatements } from './searchStatements.ts';
import { prepareStatements, type Statements } from './statements.ts';

/** Parts for reading and writing rows; made for each connection, except for what is remembered. */
export interface Tables {
  /** Path of the file. */
  readonly path: string;
  readonly statements: Statements;
  readonly mutations: Mutations;
  /** All records that are there. */
  readonly set: RecordSet;
  /** The end of the audit. */
  readonly audit: AuditEnd;
  /** True in a transaction: outside of one nothing may be changed. */
  readonly inTransaction: () => boolean;
  readonly seals: RowSeals;
  readonly known: KnownRows;
  readonly lanesLeft: LanesLeft;
  readonly checks: SelfChecks;
  readonly searches: SearchStatements;
  /** Indexes that miss rows and could not be rebuilt. */
  readonly distrusted: Set<string>;
  /** Rows, by their seq, that can't be read from the file, as far as they were met. */
  readonly unreadable: Set<number>;
  /** Kept records, by their seq, that can't be opened and would be purged, as far as they were met. */
  readonly unreadableKept: Set<number>;
  /** Records, by kind and key, that were told of already. */
  readonly told: Set<string>;
  readonly onNotice: (notice: HoldfastError) => void;
  readonly onQuarantine: (row: QuarantinedRow) => void;
}

/** Memory of a writer over all its connections. */
export type Remembered = Omit<
  Tables,
  | 'path'
  | 'statements'
  | 'mutations'
  | 'set'
  | 'audit'
  | 'inTransaction'
  | 'seals'
  | 'checks'
  | 'searches'
>;

/** Prepares the parts on a connection. Without what is remembered, nothing is, and nothing can be changed. */
export function tablesOn(
  db: Database.Database,
  path: string,
  seals: RowSeals,
  remembered?: Remembered,
): Tables {
  const set = new RecordSet(db, seals, path);
  return {
    set,
    audit: new AuditEnd(),
    path,
    statements: prepareStatements(db),
    mutations: createMutations(db, set),
    checks: createSelfChecks(db),
    searches: createSearchStatements(db),
    inTransaction: () => remembered !== undefined && db.inTransaction,
    seals,
    ...(remembered ?? nothingRemembered()),
  };
}

function nothingRemembered(): Remembered {
  return {
    known: new KnownRows(),
    lanesLeft: new LanesLeft(),
    distrusted: new Set(),
    unreadable: new Set(),
    unreadableKept: new Set(),
    told: new Set(),
    // What must be told is for the writer.
    onNotice: () => {
      throw new WriteNeeded();
    },
    onQuarantine: () => {},
  };
}

/** The kept counts by their kind, with what the present transaction has changed in them. */
export function tallyOf({ statements, mutations }: Tables): ReadonlyMap<number, number> {
  mutations.writeCounts();
  return new Map(statements.counts.raw().all() as [number, number][]);
}

export const STANDINGS: ReadonlyMap<number, Standing> = new Map(
  (Object.keys(STANDING_CODES) as Standing[]).map((name) => [STANDING_CODES[name], name]),
);

/**
 * The operation of a row that is about to be handed out, remembered for the write that will follow;
 * `null` when it can't be opened, and is now quarantined.
 */
export function takeRow(tables: Tables, row: OperationRow): StoredOperation | null {
  const operation = openRow(tables, row, 'openRow');
  if (operation === null || operation.standing === 'quarantined') return null;
  tables.known.remember(row.seq, row, envelopeOf(row), false);
  return operation;
}

/** The operation of a row for viewing; one that can't be opened is shown as quarantined. */
export function showRow(tables: Tables, row: OperationRow): StoredOperation {
  return openRow(tables, row, 'openRow') ?? quarantinedForm(row);
}

/** The same for a row read without its payload, so its presence is not known. */
export function listRow(tables: Tables, row: OperationRow): StoredOperation {
  const operation = openRow(tables, row, 'openState') ?? quarantinedForm(row);
  // Small ones come along with the state.
  return { ...operation, payload: null };
}

/** The commitment of the envelope in the payload row of an opened row. */
export function envelopeOf({ payload }: OperationRow): Uint8Array | null {
  return payload === null ? null : commitmentOf(payload);
}

/** A payload as it is sealed with a state, and the envelope to write beside it. */
export interface SealedPayload {
  readonly payload: KeptPayload;
  readonly envelope: Uint8Array | null;
}

/** Seals a payload that has no envelope yet, where it does not go with the state. */
export function sealPayload(
  { seals }: Pick<Tables, 'seals'>,
  columns: Pick<OperationColumns, 'seq' | 'id'>,
  payload: string | null,
): SealedPayload {
  if (payload === null || goesInside(payload)) return { payload, envelope: null };
  const envelope = seals.sealPayload(columns, payload);
  return { payload: commitmentOf(envelope), envelope };
}

/** The operations of rows to hand out, without those that can't be opened. */
export function takeRows(tables: Tables, rows: readonly OperationRow[]): StoredOperation[] {
  return rows.map((row) => takeRow(tables, row)).filter((operation) => operation !== null);
}

function openRow(
  tables: Tables,
  row: OperationRow,
  open: 'openRow' | 'openState',
): StoredOperation | null {
  if (row.standing === STANDING_CODES.quarantined) return quarantinedForm(row);
  let operation: StoredOperation;
  try {
    operation = operationOf(row, tables.seals[open](row));
  } catch (error) {
    const isOfAColumn = error instanceof TypeError || error instanceof RangeError;
    if (!isOfAColumn && !isHoldfastError(error)) throw error;
    // Any other failure here means a column that no row of ours can hold.
    const code = isHoldfastError(error) ? error.code : '';
    const isOfTheRecord = code.startsWith('HF_RECORD_') || code.startsWith('HF_KEY_');
    try {
      quarantine(tables, row, isOfTheRecord ? code : 'HF_RECORD_TAMPERED');
    } catch (failure) {
      // A value of a kind that no row may hold: such a row takes no change.
      if (!(failure instanceof TypeError) && !isRefusedKind(failure)) throw failure;
      throw damagedRow(row.seq, failure);
    }
    return null;
  }
  if (isLatest(tables, row)) return operation;
  quarantine(tables, row, 'HF_RECORD_STALE');
  return null;
}

/**
 * True if the set of records holds this row. A crisis that it does not hold is handed out nevertheless, and told: rather
 * twice than never (CR-4).
 */
function isLatest(tables: Tables, row: OperationRow): boolean {
  if (tables.set.holds('operation', row.seq, row.state)) return true;
  if (row.urgency >= 1) return false;
  tellOnce(tables, `operation ${row.seq}`, stale(tables.path, 'A crisis'));
  return true;
}

/** Tells of a record that is wrong; once in a process, however often it is read. */
export function tellOnce({ told, onNotice }: Tables, key: string, error: HoldfastError): void {
  if (told.has(key)) return;
  onNotice(error);
  told.add(key);
}

/** The error for a record that the set does not hold and that is used nevertheless. */
export function stale(path: string, what: string): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_STALE',
    `${what} in the store at ${path} is not the record that was last written: somebody put an earlier copy back, or changed the set. ` +
      'It is used all the same. Find out who writes to the file; see holdfast doctor --deep.',
    { path, withStack: false },
  );
}

/** The error for records that the set holds and that are not there. */
export function missing(path: string, what: string): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_MISSING',
    `${what} missing from the store at ${path}: somebody deleted what was there. The rest goes on. ` +
      'Find out who writes to the file, compare with a backup; see holdfast doctor --deep.',
    { path, withStack: false },
  );
}

function isRefusedKind(error: unknown): boolean {
  return isSqliteError(error) && error.code.startsWith('SQLITE_CONSTRAINT');
}

function damagedRow(seq: number, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The record with the number ${seq} is damaged and can be neither read nor quarantined. Look with holdfast doctor --deep, and restore a backup.`,
    { cause },
  );
}

/** A row must be quarantined, and there is no transaction to do it in: the read is to be made in one. */
export class WriteNeeded extends Error {}

/** Quarantines a row: it is no longer found and blocks nothing. */
export function quarantine(tables: Tables, row: OperationRow, code: string): void {
  if (!tables.inTransaction()) throw new WriteNeeded();
  // An edited number beyond the exact integers names no row, and would be found for ever.
  if (!tables.mutations.quarantine(row.seq, code)) throw damagedRow(row.seq);
  tables.known.forget(row.seq);
  tables.onQuarantine({ seq: row.seq, id: idOfBytes(row.id), code });
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
