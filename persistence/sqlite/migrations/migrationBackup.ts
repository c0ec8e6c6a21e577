/**
 * The copy of a store's file that is kept before a migration changes it.
 *
 * It is beside the file as `data.v<version>.<time>.backup`, with the time of the last write to the old version: a
 * migration that is repeated after a crash finds its own copy and replaces it, so crashes do not fill the disk.
 * Retention removes it after {@link MIGRATION_BACKUP_KEPT_MS}.
 *
 * @module
 */

import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { syncFile, syncFolder } from '../../files/durableFiles.ts';
import { openDatabase } from '../driver/library.ts';
import { inspectSchema, tablesOf } from '../schema/schema.ts';

/** Long enough to notice that the new version is not wanted; the copy holds what was erased since. */
const MIGRATION_BACKUP_KEPT_MS = 30 * 86_400_000;
const FILE_MODE = 0o600;
const NAME = /^data\.v\d+\.\d{8}T\d{6}Z\.backup$/;

/** A copy beside a store's file. */
export interface MigrationBackup {
  readonly path: string;
  /** The end of its retention. */
  readonly keptUntilMs: number;
}

/** The copies in a store's folder. */
export async function migrationBackupsIn(folder: string): Promise<MigrationBackup[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name));
  return await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, keptUntilMs: (await stat(path)).mtimeMs + MIGRATION_BACKUP_KEPT_MS };
    }),
  );
}

/** Removes the copies that were kept long enough. */
export async function removeOldMigrationBackups(folder: string, nowMs: number): Promise<void> {
  for (const { path, keptUntilMs } of await migrationBackupsIn(folder)) {
    if (keptUntilMs <= nowMs) await rm(path, { force: true });
  }
}
/**
 * Copies the file, checks the copy, and gives it its name only then.
 *
 * @returns its path.
 * @throws HoldfastError `HF_STORE_CORRUPT` when the copy is not sound. Errors of SQLite.
 */
export function keepMigrationBackup(db: Database.Database, path: string, version: number): string {
  const folder = dirname(path);
  const unfinished = join(folder, `.${basename(path)}.backup.new`);
  rmSync(unfinished, { force: true });
  // Made by us and not by SQLite, which would let others read it.
  closeSync(openSync(unfinished, 'wx', FILE_MODE));
  try {
    db.prepare('VACUUM INTO ?').run(unfinished);
    syncFile(unfinished);
    checkCopy(db, unfinished, version, path);
    const kept = join(folder, `data.v${version}.${timeOf(path)}.backup`);
    renameSync(unfinished, kept);
    syncFolder(folder);
    return kept;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** When the old version was last written; its WAL is folded in, and holds at most a failed attempt. */
function timeOf(path: string): string {
  return statSync(path)
    .mtime.toISOString()
    .replace(/[-:]|\.\d+/g, '');
}

function checkCopy(db: Database.Database, copyPath: string, version: number, path: string): void {
  const copy = openDatabase(copyPath, { readonly: true });
  try {
    const isWhole =
      inspectSchema(copy, copyPath) === version &&
      // Of a damaged file VACUUM copies what it can read, and no more.
      db.pragma('integrity_check(1)', { simple: true }) === 'ok' &&
      copy.pragma('integrity_check(1)', { simple: true }) === 'ok' &&
      JSON.stringify(rowCounts(copy)) === JSON.stringify(rowCounts(db));
    if (isWhole) return;
  } finally {
    copy.close();
  }
  throw new HoldfastError(
    'HF_STORE_CORRUPT',
    `The store at ${path} could not be copied soundly, so it was not migrated and is as it was. ` +
      'Check its disk; holdfast doctor --deep says what is wrong.',
    { path },
  );
}

function rowCounts(db: Database.Database): number[] {
  return tablesOf(db).map((table) =>
    Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
  );
}
