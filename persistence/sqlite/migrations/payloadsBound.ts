/**
 * From version 2 to 3: each state says which payload belongs to it, each row whom it concerns and what it
 * waits for, and the mark of the store who had it last and whether it is held (docs/decisions/0055,
 * 0056). The new columns are bound into the seal, so each state is sealed anew; payloads stay as they are.
 *
 * One that can't be opened keeps its bytes and will be quarantined when it is next looked at. So will one
 * whose payload is gone: in version 2 only what had settled was without one.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type Hold, UNREADABLE_HOLD } from '../../port/hold.ts';
import { commitmentOf } from '../../sealing/envelope.ts';
import type { LastOwner } from '../file/fence.ts';
import { fileIdentity } from '../file/fence.ts';
import type { StoreMark } from '../rows/storeMark.ts';
import {
  INTEGRITY_TABLE,
  OPERATION_INDEXES,
  OPERATION_TABLE,
  QUARANTINE_TABLE,
  TALLY_TABLES,
} from '../schema/schemaV3.ts';
import type { ComponentRow, OperationColumns, RowSeals } from '../seals/rowSeals.ts';
import type { OpenedRowV2, OperationRowV2 } from '../seals/sealsV2.ts';

const SETTLED = 0;
const HELD = 3;
const QUARANTINED = 4;
/** Rows sealed anew at a time: few, so that they are not kept for longer than a moment. */
const ROWS_AT_ONCE = 32;
/** What a row waits for: see WAITS_FOR_CODES. */
const FOR_ITS_TURN = 0;
const FOR_ITS_LANE = 1;
const WAITS_FOR: ReadonlyMap<unknown, number> = new Map([
  ['handlerMissing', 2],
  ['conflicted', 3],
  ['inReview', 4],
]);

const OLD_TABLES_ASIDE = [
  'DROP TRIGGER operation_added',
  'DROP TRIGGER operation_moved',
  'DROP TRIGGER operation_removed',
  'DROP TABLE tally',
  'DROP INDEX operation_idempotency',
  'DROP INDEX operation_lane',
  'DROP INDEX operation_due',
  'DROP INDEX operation_in_hand',
  'DROP INDEX operation_held',
  'DROP INDEX operation_quarantined',
  'DROP INDEX operation_expiry',
  'DROP INDEX operation_dead_lettered',
  'DROP INDEX operation_settled',
  'ALTER TABLE operation RENAME TO operation_v2',
  'ALTER TABLE quarantine RENAME TO quarantine_v2',
];

const OLD_TABLES_GONE = ['DROP TABLE operation_v2', 'DROP TABLE quarantine_v2'];

export function payloadsBound(
  db: Database.Database,
  seals: RowSeals,
  { path, fromVersion }: { readonly path: string; readonly fromVersion: number },
): void {
  for (const statement of OLD_TABLES_ASIDE) db.exec(statement);
  for (const statement of [OPERATION_TABLE, QUARANTINE_TABLE, INTEGRITY_TABLE]) db.exec(statement);
  resealOperations(db, seals);
  for (const statement of [...OLD_TABLES_GONE, ...OPERATION_INDEXES, ...TALLY_TABLES]) {
    db.exec(statement);
  }
  db.exec(
    'UPDATE tally SET operations = (SELECT count(*) FROM operation ' +
      'WHERE operation.standing = tally.kind OR operation.waits_for = tally.kind - 8)',
  );
  // Version 1 did not note who had the store.
  const unknownOwner = fromVersion === 1 ? { generation: 0, place: fileIdentity(path) } : null;
  markAnew(db, seals, unknownOwner);
}

/** A row of version 2, with the columns that it had before it was quarantined, where it was. */
interface FoundRow extends OperationRowV2 {
  readonly code: string | null;
  readonly stood: number | null;
  readonly was_due_at: number | null;
  readonly would_expire_at: number | null;
  readonly was_in_lane: Uint8Array | null;
  readonly had_idempotency: Uint8Array | null;
  readonly set_aside_at: number | null;
}

function resealOperations(db: Database.Database, seals: RowSeals): void {
  const next = db.prepare<[number], FoundRow>(
    'SELECT operation_v2.*, envelope AS payload, code, quarantine_v2.standing AS stood, ' +
      'quarantine_v2.due_at AS was_due_at, quarantine_v2.expires_at AS would_expire_at, ' +
      'quarantine_v2.lane AS was_in_lane, quarantine_v2.idempotency AS had_idempotency, set_aside_at ' +
      'FROM operation_v2 LEFT JOIN payload USING (seq) LEFT JOIN quarantine_v2 USING (seq) ' +
      `WHERE seq > ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  const insert = db.prepare(
    'INSERT INTO operation (seq, id, revision, key_id, standing, due_at, expires_at, urgency, waits_for, route, subject, lane, idempotency, state) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const note = db.prepare(
    'INSERT INTO quarantine (seq, code, standing, due_at, expires_at, waits_for, lane, idempotency, set_aside_at) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  // What is done makes room at once: dropped whole, all of it would be kept until that is done.
  const leave = db.prepare('DELETE FROM operation_v2 WHERE seq <= ?');
  // From the least: a number that was edited is no reason to drop its row.
  for (let afterSeq = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = next.all(afterSeq);
    for (const row of rows) {
      afterSeq = row.seq;
      const before = asItStood(row);
      const { columns, state } = resealed(seals, before) ?? asItLies(before);
      const isAside = row.standing === QUARANTINED;
      insert.run(
        columns.seq,
        columns.id,
        columns.revision,
        columns.key_id,
        row.standing,
        row.due_at,
        row.expires_at,
        columns.urgency,
        isAside ? FOR_ITS_TURN : columns.waits_for,
        columns.route,
        columns.subject,
        row.lane,
        row.idempotency,
        state,
      );
      if (row.code === null) continue;
      note.run(
        row.seq,
        row.code,
        row.stood,
        row.was_due_at,
        row.would_expire_at,
        columns.waits_for,
        row.was_in_lane,
        row.had_idempotency,
        row.set_aside_at,
      );
    }
    leave.run(afterSeq);
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

/** A quarantined record is sealed with the columns that it had before. */
function asItStood(row: FoundRow): FoundRow {
  if (row.standing !== QUARANTINED || row.stood === null) return row;
  return {
    ...row,
    standing: row.stood,
    due_at: row.was_due_at,
    expires_at: row.would_expire_at,
    lane: row.was_in_lane,
    idempotency: row.had_idempotency,
  };
}

interface Resealed {
  readonly columns: OperationColumns;
  readonly state: Uint8Array;
}

function asItLies(row: OperationRowV2): Resealed {
  return { columns: { ...row, waits_for: FOR_ITS_TURN, subject: null }, state: row.state };
}

/** `null` for what can't be opened, or lacks its payload. */
function resealed(seals: RowSeals, row: OperationRowV2): Resealed | null {
  let opened: OpenedRowV2;
  let isInside: boolean;
  try {
    isInside = seals.v2.openRow({ ...row, payload: null }).payload !== null;
    opened = seals.v2.openRow(row);
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
  const { state, payload } = opened;
  if (payload === null && row.standing !== SETTLED) return null;
  const { value, subject } = factsOf(state);
  const columns: OperationColumns = {
    ...row,
    key_id: seals.keyId,
    waits_for: WAITS_FOR.get(value) ?? (row.standing === HELD ? FOR_ITS_LANE : FOR_ITS_TURN),
    subject: typeof subject === 'string' ? seals.subjectTag(subject) : null,
  };
  const kept = isInside || row.payload === null ? payload : commitmentOf(row.payload);
  return { columns, state: seals.sealState(columns, state, kept) };
}

/** What versions 1 and 2 kept of an operation says both; any other text says neither. */
function factsOf(state: string): { readonly value?: unknown; readonly subject?: unknown } {
  try {
    const kept = JSON.parse(state) as {
      readonly value?: unknown;
      readonly context?: { readonly subject?: unknown };
    };
    return { value: kept.value, subject: kept.context?.subject };
  } catch {
    return {};
  }
}

/** Hold and owner were components of their own, which could be taken out of the file one by one. */
function markAnew(db: Database.Database, seals: RowSeals, unknownOwner: LastOwner | null): void {
  const hold = takeComponent(db, seals, 'hold');
  const owner = takeComponent(db, seals, 'store:owner');
  const isEmpty = db.prepare('SELECT 1 FROM operation LIMIT 1').get() === undefined;
  const knownOwner = (owner.value as LastOwner | null) ?? unknownOwner;
  const isLost = hold.isUnreadable || (knownOwner === null && !isEmpty);
  const mark: StoreMark = {
    epoch: 1,
    owner: knownOwner,
    hold: isLost ? UNREADABLE_HOLD : (hold.value as Hold | null),
  };
  db.prepare('UPDATE meta SET key_id = ?, seal = ?').run(
    seals.keyId,
    seals.sealMark(JSON.stringify(mark)),
  );
}

function takeComponent(
  db: Database.Database,
  seals: RowSeals,
  name: string,
): { readonly value: unknown; readonly isUnreadable: boolean } {
  const tag = seals.componentTag(name);
  const row = db
    .prepare<[Uint8Array], ComponentRow>('SELECT * FROM component WHERE tag = ?')
    .get(tag);
  db.prepare('DELETE FROM component WHERE tag = ?').run(tag);
  if (row === undefined) return { value: null, isUnreadable: false };
  try {
    const value: unknown = JSON.parse(seals.openComponent(row).state);
    return { value, isUnreadable: false };
  } catch (error) {
    if (isHoldfastError(error)) return { value: null, isUnreadable: true };
    throw error;
  }
}
