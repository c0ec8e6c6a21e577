/**
 * Copies a store to a folder of its own while it is in use (PS-5).
 *
 * The copy is of one moment. It is read through a connection of its own, in another thread or process than the
 * writer's, so no commit waits for it. Only the WAL is not folded in meanwhile, which delays a process that has to open
 * the store again after a crash or a failed sync. The folder gets its name when everything in it is checked and on
 * disk: an unfinished one never looks like a backup.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { closeSync, createReadStream, lstatSync, openSync, realpathSync } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { errorCodeOf, syncFolder } from '../files/atomicFile.ts';
import { syncFile } from '../files/durableFiles.ts';
import type { StandingCounts } from '../port/store.ts';
import { KEYRING_FILE_NAME, openKeyring } from '../sealing/keyring.ts';
import type { KeySource } from '../sealing/keySource.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { inspectSchema } from '../sqlite/schema/schema.ts';
import { DATA_FILE_NAME } from '../sqlite/writer/writer.ts';
import { checkData, type DataCheck, openToLook } from './checkData.ts';
import type { UpkeepOptions } from './progress.ts';
import { endUnfinished, makeUnfinished } from './unfinishedFolder.ts';

// The list of what is in a backup: `manifest.json` beside the files it names. It holds nothing secret
// and guards against damage, not against people: the seals of the records do that.

const MANIFEST_NAME = 'manifest.json';
const FORMAT = 1;
const MANIFEST_BYTES_MAX = 65_536;

interface BackupFile {
  readonly bytes: number;
  /** The SHA-256 of the content, in hex. */
  readonly sha256: string;
}

export interface BackupManifest {
  readonly format: typeof FORMAT;
  readonly storeId: string;
  readonly schemaVersion: number;
  readonly createdAtMs: number;
  /** Numbers of operations by standing. */
  readonly counts: Partial<StandingCounts>;
  readonly files: Readonly<Record<string, BackupFile>>;
}

function formatManifest(manifest: Omit<BackupManifest, 'format'>): string {
  return `${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`;
}

/**
 * Reads the manifest of the backup in a folder.
 *
 * @throws HoldfastError `HF_BACKUP_MISSING`, `HF_BACKUP_DAMAGED`, `HF_STORE_NEWER`.
 */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const path = join(folder, MANIFEST_NAME);
  let text: string;
  try {
    text = (await stat(path)).size > MANIFEST_BYTES_MAX ? '' : await readFile(path, 'utf8');
  } catch (error) {
    throw new HoldfastError(
      'HF_BACKUP_MISSING',
      `There is no backup in ${folder}: ${MANIFEST_NAME} can't be read (${errorCodeOf(error)}). ` +
        'Give the folder that holdfast backup made.',
      { path, cause: error },
    );
  }
  const manifest = parse(text);
  if (manifest === null) throw damaged(folder, `${MANIFEST_NAME} is not what a backup writes`);
  if (manifest.format > FORMAT) {
    throw new HoldfastError(
      'HF_STORE_NEWER',
      `The backup in ${folder} has format ${manifest.format}; this version of holdfast reads up to ` +
        `${FORMAT}. Use the version that made it, or a later one.`,
      { path },
    );
  }
  return manifest;
}

function parse(text: string): BackupManifest | null {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof BackupManifest, unknown>> | null;
    const isOne =
      typeof value?.format === 'number' &&
      typeof value.storeId === 'string' &&
      typeof value.schemaVersion === 'number' &&
      typeof value.createdAtMs === 'number' &&
      typeof value.counts === 'object' &&
      typeof value.files === 'object' &&
      value.files !== null &&
      Object.entries(value.files).every(([name, file]) => /^[\w.-]+$/.test(name) && isFile(file));
    return isOne ? (value as BackupManifest) : null;
  } catch {
    return null;
  }
}

function isFile(file: unknown): boolean {
  const { bytes, sha256 } = (file ?? {}) as Partial<BackupFile>;
  return Number.isSafeInteger(bytes) && typeof sha256 === 'string';
}

/** Size and SHA-256 of a file, read from its first byte to its last. */
export async function fingerprintFile(
  path: string,
  { onProgress, signal }: UpkeepOptions,
): Promise<BackupFile> {
  const total = (await stat(path)).size;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576, signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    onProgress?.({ step: 'checkingFiles', done: bytes, total });
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The error for a backup that is not whole. */
export function damaged(folder: string, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'HF_BACKUP_DAMAGED',
    `The backup in ${folder} is damaged: ${what}. Nothing was restored; use another backup.`,
    { path: folder, cause },
  );
}

const FILE_MODE = 0o600;
/** 4 MiB: long enough to be fast, short enough to be cut short at once. */
const PAGES_AT_ONCE = 1_024;

export interface BackupResult {
  /** The folder that holds it. */
  readonly path: string;
  readonly manifest: Omit<BackupManifest, 'format'>;
  readonly check: DataCheck;
}

/**
 * Copies the store in `folder` into a new folder `to`, whose parent must exist, and checks the copy; with a key also
 * every record of it. Records that can't be opened are reported and copied all the same: another copy of the key or the
 * page may open them.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a path inside the store, `HF_TARGET_EXISTS`,
 * `HF_STORE_MISSING`, `HF_STORE_FULL`, `HF_STORE_CORRUPT`, `HF_STORE_FOLDER`, `HF_STORE_UNAVAILABLE`,
 * `HF_KEY_…`; then nothing is left.
 */
export async function backupStore(
  folder: string,
  to: string,
  key: KeySource | null,
  options: UpkeepOptions,
): Promise<BackupResult> {
  const target = resolve(to);
  refuseInside(folder, target);
  refuseExisting(target, 'Give another path');
  const unfinished = await makeUnfinished(target, options);
  try {
    const filled = await fill(resolve(folder), unfinished, key, options);
    endUnfinished(unfinished);
    await rename(unfinished, target);
    await syncFolder(dirname(target));
    return { path: target, ...filled };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    options.signal?.throwIfAborted();
    throw storeFailure(error, target);
  }
}

/** Refuses a path inside the store: the backup would be lost with the files it is of. */
function refuseInside(folder: string, target: string): void {
  const way = relative(real(folder), join(real(dirname(target)), basename(target)));
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return;
  throw new HoldfastError(
    'HF_OPTION_INVALID',
    `${target} is inside the store in ${folder}. Give a path elsewhere, best on another disk.`,
    { path: target },
  );
}

/** The path without links, where there is something at it. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** @throws HoldfastError `HF_TARGET_EXISTS` where something is at the path already. */
export function refuseExisting(path: string, advice: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new HoldfastError(
    'HF_TARGET_EXISTS',
    `${path} is there already, and nothing is ever overwritten. ${advice}.`,
    { path },
  );
}

async function fill(
  folder: string,
  unfinished: string,
  key: KeySource | null,
  options: UpkeepOptions,
): Promise<Omit<BackupResult, 'path'>> {
  const dataPath = join(unfinished, DATA_FILE_NAME);
  await copyData(join(folder, DATA_FILE_NAME), dataPath, options);
  const { storeId, text } = await readKeyring(folder);
  await writeFile(join(unfinished, KEYRING_FILE_NAME), text, { mode: FILE_MODE });
  const opened = key === null ? null : await openKeyring(unfinished, key);
  const check = await checkData(dataPath, opened, options);
  const { schemaVersion, counts, faults } = check;
  if (check.storeId !== storeId) {
    throw new HoldfastError(
      'HF_KEY_WRONG',
      `The keyring in ${folder} belongs to another store than the data beside it, so it was not backed ` +
        'up: nobody could open the copy. Put the right keyring back; an earlier backup has it.',
      { path: join(folder, KEYRING_FILE_NAME) },
    );
  }
  if (faults.length > 0) {
    throw new HoldfastError(
      'HF_STORE_CORRUPT',
      `The store in ${folder} is damaged (${faults[0]}), so it was not backed up. Restore an earlier ` +
        'backup; holdfast doctor --deep says more.',
      { path: folder },
    );
  }
  const files: Record<string, BackupFile> = {};
  for (const name of [DATA_FILE_NAME, KEYRING_FILE_NAME]) {
    const path = join(unfinished, name);
    syncFile(path);
    files[name] = await fingerprintFile(path, options);
  }
  const manifest = { storeId, schemaVersion, createdAtMs: options.clock.now(), counts, files };
  const manifestPath = join(unfinished, MANIFEST_NAME);
  await writeFile(manifestPath, formatManifest(manifest), { mode: FILE_MODE });
  syncFile(manifestPath);
  await syncFolder(unfinished);
  // Left by looking into the copy.
  for (const suffix of ['-wal', '-shm']) await rm(dataPath + suffix, { force: true });
  return { manifest, check };
}

async function copyData(from: string, to: string, options: UpkeepOptions): Promise<void> {
  const db = openToLook(from);
  try {
    try {
      // A transaction that has read something sees one moment, and so does the copy made in it: were
      // it to see each commit, it would begin anew at each.
      db.exec('BEGIN');
      inspectSchema(db, from);
    } catch (error) {
      // Reading needs room too, for memory shared with the writer: the store's disk is full, not the
      // target's.
      throw storeFailure(error, from);
    }
    // Made by us and not by SQLite, which would let others read it.
    closeSync(openSync(to, 'wx', FILE_MODE));
    await db.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        options.signal?.throwIfAborted();
        const done = totalPages - remainingPages;
        options.onProgress?.({ step: 'copying', done, total: totalPages });
        return PAGES_AT_ONCE;
      },
    });
  } finally {
    db.close();
  }
}

/** Reads the keyring once: it is replaced as a whole when it changes. */
async function readKeyring(folder: string): Promise<{ storeId: string; text: string }> {
  const path = join(folder, KEYRING_FILE_NAME);
  try {
    const text = await readFile(path, 'utf8');
    const { storeId } = JSON.parse(text) as { readonly storeId: string };
    return { storeId, text };
  } catch (error) {
    throw new HoldfastError(
      'HF_KEY_MISSING',
      `The keyring ${path} can't be read (${errorCodeOf(error)}); without it a backup could not be opened.`,
      { path, cause: error },
    );
  }
}
