/**
 * Brings the file of an older version to the present one (PS-4): first a copy that is checked, then
 * every step in one transaction. A crash leaves the old version or the new one, never one between.
 *
 * The caller owns the store and has checked its key.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import { foldWal } from '../file/connection.ts';
import { inspectSchema, MADE_UP_VERSION, SCHEMA_VERSION } from '../schema/schema.ts';
import type { RowSeals } from '../seals/rowSeals.ts';
import { madeUpStep } from './madeUpStep.ts';
import { keepMigrationBackup } from './migrationBackup.ts';

/** Changes the tables and rows of one version to those of the next, inside the one transaction of all steps. */
export type MigrationStep = (db: Database.Database, seals: RowSeals) => void;

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
  db.transaction(() => {
    for (let version = fromVersion; version < SCHEMA_VERSION; version += 1) {
      STEPS.get(version)?.(db, seals);
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
