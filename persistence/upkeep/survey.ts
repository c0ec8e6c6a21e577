/**
 * A survey of a store without owning it: its folder, files, keyring and data. For `holdfast doctor`, which reads all of
 * it and changes nothing.
 *
 * @module
 */

import { join } from 'node:path';
import { fileSystemType, sharedFileSystem } from '../files/fileSystems.ts';
import { exposedAncestor } from '../files/otherUsers.ts';
import { openKeyring } from '../sealing/keyring.ts';
import type { KeySource } from '../sealing/keySource.ts';
import { versionOfSqlite } from '../sqlite/driver/library.ts';
import { type MigrationBackup, migrationBackupsIn } from '../sqlite/migrations/migrationBackup.ts';
import { DATA_FILE_NAME } from '../sqlite/writer/writer.ts';
import { checkData, type DataCheck } from './checkData.ts';
import { type DataDescription, describeData } from './describeData.ts';
import type { UpkeepOptions } from './progress.ts';

export { keyKindOf } from '../sealing/keyring.ts';

/** The version of SQLite, without which no store can be opened. @throws HoldfastError `HF_SQLITE_UNAVAILABLE`. */
export function installedSqlite(): string {
  return versionOfSqlite();
}

/** The kind of a folder's file system, and other users on it. */
export interface FileSystem {
  /** The system's number of it; `null` if it gives none. */
  readonly type: number | null;
  /** The kind that shares it over a network; `null` for a local one. */
  readonly sharedBy: string | null;
}

export async function fileSystemOf(folder: string): Promise<FileSystem> {
  const type = await fileSystemType(folder);
  return { type, sharedBy: sharedFileSystem(type) };
}

/** A folder above this one in which other users can put another in its place; `null` where there is none. */
export function exposedAbove(folder: string): string | null {
  return exposedAncestor(folder);
}

/** Copies that migrations kept: they hold what was erased since. */
export async function keptCopies(folder: string): Promise<readonly MigrationBackup[]> {
  return await migrationBackupsIn(folder);
}

/** @throws HoldfastError `HF_STORE_…` when its file can't be read as a store. */
export function describeStore(folder: string): DataDescription {
  return describeData(join(folder, DATA_FILE_NAME));
}

/** Opens the keyring with this key, and forgets it. @throws HoldfastError (rejects) `HF_KEY_…`. */
export async function checkKeyring(folder: string, key: KeySource): Promise<void> {
  const { storeKey } = await openKeyring(folder, key);
  storeKey.fill(0);
}

/** Reads every page and opens every record, also while the store is in use. */
export async function checkStore(
  folder: string,
  key: KeySource,
  options: UpkeepOptions,
): Promise<DataCheck> {
  return await checkData(join(folder, DATA_FILE_NAME), await openKeyring(folder, key), options);
}
