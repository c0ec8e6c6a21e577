/**
 * Brings the file of an older version to the present one (PS-4): first a copy that is checked, then
 * every step in one transaction. A crash leaves the old version or the new one, never one between.
 *
 * The caller owns the store and has checked its key.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import { foldWal } from '../file/connection.ts';
import { nodeStatements } from '../mutations/mutations.ts';
import { NO_PAYLOAD } from '../rows/statements.ts';
import { inspectSchema, MADE_UP_VERSION, SCHEMA_VERSION } from '../schema/schema.ts';
import { WAITING_TABLES } from '../schema/schemaV1.ts';
import { RecordSet } from '../seals/recordSet.ts';
import type { OperationRow, RowSeals } from '../seals/rowSeals.ts';
import { keepMigrationBackup } from './migrationBackup.ts';

// The step from a version that never was (docs/decisions/0256). Tests run it as users will run the first real step,
// which takes its place. It adds the count of what waits, and seals every state again.

const WAITING_COUNTED =
  'INSERT INTO waiting SELECT route, urgency, waits_for, count(*) FROM operation ' +
  'WHERE standing IN (2, 3) GROUP BY route, urgency, waits_for';
/** Rows sealed at a time: few, so that they are in memory for a moment only. */
const ROWS_AT_ONCE = 32;

function madeUpStep({ db, seals, set, writeSet }: MigrationParts): void {
  for (const statement of [...WAITING_TABLES, WAITING_COUNTED]) db.exec(statement);
  const next = db.prepare<[number], OperationRow>(
    `SELECT *, ${NO_PAYLOAD} FROM operation WHERE seq > ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  const update = db.prepare('UPDATE operation SET key_id = ?, state = ? WHERE seq = ?');
  // From the least: a number that was edited is no reason to skip its row.
  for (let afterSeq = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = next.all(afterSeq);
    for (const row of rows) {
      afterSeq = row.seq;
      // An earlier copy keeps its seal, and is told of when it is next read.
      const state = set.holds('operation', row.seq, row.state) ? resealed(seals, row) : null;
      if (state === null) continue;
      update.run(seals.keyId, state, row.seq);
      set.put('operation', row.seq, state);
    }
    writeSet();
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

/** Changes the tables and rows of one version to those of the next, inside the one transaction of all steps. */
export type MigrationStep = (parts: MigrationParts) => void;

export interface MigrationParts {
  readonly db: Database.Database;
  readonly seals: RowSeals;
  /** The set of records: a step that seals a record again puts it there. */
  readonly set: RecordSet;
  /** Writes what has changed in the set, so that it is not kept in memory. */
  readonly writeSet: () => void;
}

/** By the version each starts from; one for every version before the present. */
const STEPS: ReadonlyMap<number, MigrationStep> = new Map([[MADE_UP_VERSION, madeUpStep]]);

/** The result of a migration. */
export interface Migration {
  readonly fromVersion: number;
  /** The copy of the file as it was before. */
  readonly backupPath: string;
}

/**
 * Migrates in memory that does not grow with the number of rows (PS-6): what SQLite sorts, and what a statement would
 * have to undo, is in an unnamed file in the system's temporary folder.
 *
 * @throws HoldfastError `HF_STORE_…`, with the file as it was. Errors of SQLite.
 */
export function migrate(
  db: Database.Database,
  seals: RowSeals,
  path: string,
  fromVersion: number,
): Migration {
  const before = SETTINGS.map(([name, value]) => {
    const was = Number(db.pragma(name, { simple: true }));
    db.pragma(`${name} = ${value}`);
    return [name, was] as const;
  });
  try {
    return migrateInFile(db, seals, path, fromVersion);
  } finally {
    for (const [name, was] of before) db.pragma(`${name} = ${was}`);
  }
}

/** A copy has a cache of this size beside that of the file. */
const CACHE_KIBIBYTES = 4_096;
const SETTINGS: readonly (readonly [name: string, value: string | number])[] = [
  ['temp_store', 'FILE'],
  ['cache_size', -CACHE_KIBIBYTES],
];

function migrateInFile(
  db: Database.Database,
  seals: RowSeals,
  path: string,
  fromVersion: number,
): Migration {
  foldWal(db, path);
  faultPoint('migration.beforeBackup');
  const backupPath = keepMigrationBackup(db, path, fromVersion);
  faultPoint('migration.afterBackup');
  const set = new RecordSet(db, seals, path);
  const nodes = nodeStatements(db);
  const writeSet = (): void => {
    set.write(nodes);
    set.committed();
  };
  db.transaction(() => {
    for (let version = fromVersion; version < SCHEMA_VERSION; version += 1) {
      STEPS.get(version)?.({ db, seals, set, writeSet });
    }
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
    if (inspectSchema(db, path) !== SCHEMA_VERSION) {
      throw new HoldfastError('HF_INTERNAL', `No way leads from version ${fromVersion} to here.`);
    }
    faultPoint('migration.beforeCommit');
  }).immediate();
  faultPoint('migration.afterCommit');
  return { fromVersion, backupPath };
}
