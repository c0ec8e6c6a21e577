/**
 * Opens a store's file: checks it before anything can change it, then sets what makes SQLite keep
 * its promises.
 *
 * @module
 */

import { chmodSync, closeSync, lstatSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { syncFolder } from '../../files/durableFiles.ts';
import { isSqliteError, openDatabase } from '../driver/library.ts';
import { createSchema, inspectSchema, SCHEMA_VERSION } from '../schema/schema.ts';
import { renewWal } from './walLeft.ts';

/** Access for the process's user alone. */
export const FILE_MODE = 0o600;
const OTHERS_BITS = 0o077;
/** Wait for another program that holds the file's lock. */
const BUSY_TIMEOUT_MS = 1_000;
/** 16 MiB: large enough that a row's accept and settlement often meet before they are copied. */
const CHECKPOINT_PAGES = 4_096;
/** 16 MiB of pages in memory, so that what a full store's searches pass through is read once. */
const CACHE_KIBIBYTES = 16 * 1_024;
/** Size to which a larger WAL is cut back when it restarts. */
export const WAL_BYTES_KEPT = 64 * 1_024 * 1_024;
const SYNCHRONOUS_FULL = 2;

/** A connection to a store's file. */
export interface Opened {
  readonly db: Database.Database;
  /** True if the file was empty and got its tables now. */
  readonly created: boolean;
  /** The version of its tables; an older one is for the caller to migrate. */
  readonly version: number;
  /** True if there was a WAL, which a store closed in good order does not have. */
  readonly wasLeftOpen: boolean;
  /**
   * Folds the WAL into the database, and makes its name durable; to be called before the first write. A WAL that was
   * found there is rewritten first. If any of it fails, the disk is still at fault.
   *
   * @throws HoldfastError `HF_STORE_LOCKED` while another program reads. Errors of SQLite and of the
   * file system.
   */
  fold(): void;
  /**
   * Closes the file. The last connection folds the WAL into the database, unless it was found there and not renewed.
   */
  close(): void;
}

/** What the caller knows of the file: one that had tables before is never made again. */
export interface Expected {
  readonly isNew: boolean;
}

type Verify = (db: Database.Database) => void;

/**
 * Opens the file. Without tables they are made first, if `create` and `isNew` allow it; without `create` an older
 * version is refused too, since reading changes nothing. `seed` runs in the transaction that makes the tables. `verify`
 * sees a store before anything can change it: the WAL of another store is visible by then, and has not been copied into
 * this one.
 *
 * @throws HoldfastError `HF_STORE_NEWER`, `HF_STORE_OLDER`, `HF_STORE_FOREIGN`, with the file left
 * untouched;
 * `HF_STORE_MISSING`; `HF_STORE_LOST` when what was there before is gone; `HF_STORE_UNAVAILABLE` when
 * a setting did not take. Errors of SQLite.
 */
export function openFile(
  path: string,
  options: Expected & {
    readonly create: boolean;
    readonly seed: (db: Database.Database) => void;
    readonly verify: Verify;
  },
): Opened {
  prepareFile(path, options);
  const { version, keeper } = inspectFile(path, options.verify);
  let db: Database.Database | undefined;
  try {
    if (version === null) demandNew(path, options);
    else if (version < SCHEMA_VERSION && !options.create) throw older(path, version);
    db = openDatabase(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    configure(db, path);
    if (version === null) {
      const made = db;
      made
        .transaction(() => {
          createSchema(made);
          options.seed(made);
        })
        .immediate();
    }
    return new OpenedFile(path, db, keeper, version === null, version ?? SCHEMA_VERSION);
  } catch (error) {
    db?.close();
    keeper?.close();
    throw error;
  }
}

class OpenedFile implements Opened {
  readonly #path: string;
  readonly db: Database.Database;
  readonly created: boolean;
  readonly version: number;
  readonly wasLeftOpen: boolean;
  /** While this connection is open, closing the other does not fold the WAL that was found. */
  #keeper: Database.Database | null;

  constructor(
    path: string,
    db: Database.Database,
    keeper: Database.Database | null,
    created: boolean,
    version: number,
  ) {
    this.#path = path;
    this.db = db;
    this.#keeper = keeper;
    this.created = created;
    this.version = version;
    this.wasLeftOpen = keeper !== null;
  }

  fold(): void {
    if (this.#keeper !== null) {
      this.db.exec('BEGIN IMMEDIATE');
      try {
        renewWal(`${this.#path}-wal`);
      } finally {
        this.db.exec('ROLLBACK');
      }
      this.#keeper.close();
      this.#keeper = null;
    }
    foldWal(this.db, this.#path);
    // SQLite does so too when it makes the file, and does not look whether it succeeds.
    syncFolder(dirname(this.#path));
  }

  close(): void {
    try {
      this.db.close();
    } finally {
      this.#keeper?.close();
    }
  }
}

/** The file is made by us and not by SQLite, which would let others read it; -wal and -shm inherit. */
function prepareFile(path: string, options: Expected & { readonly create: boolean }): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === false) {
    throw new HoldfastError('HF_STORE_FOREIGN', `${path} is not a regular file.`, { path });
  }
  // Before SQLite sees it: beside an empty file it deletes the -wal, whatever its content.
  if (found === undefined || found.size === 0) demandNew(path, options);
  if (found === undefined) {
    closeSync(openSync(path, 'wx', FILE_MODE));
    syncFolder(dirname(path));
  } else if ((found.mode & OTHERS_BITS) !== 0) {
    chmodSync(path, FILE_MODE);
  }
}

/** @throws HoldfastError unless the tables, which are not there, may be made. */
function demandNew(path: string, options: Expected & { readonly create: boolean }): void {
  if (!options.isNew) {
    throw new HoldfastError(
      'HF_STORE_LOST',
      `The store at ${path} is gone: its keyring says that there was data, and there is none. What is ` +
        'left in the folder was not touched. Restore a backup, or put the file back together with its ' +
        '-wal; to begin a new store, move the folder away.',
      { path, retry: 'later' },
    );
  }
  if (!options.create) {
    throw new HoldfastError('HF_STORE_MISSING', `There is no store at ${path}.`, { path });
  }
}

interface Inspected {
  /** `null` for a file that is empty. */
  readonly version: number | null;
  /** The connection that looked, still open where there is a WAL. */
  readonly keeper: Database.Database | null;
}

function inspectFile(path: string, verify: Verify): Inspected {
  try {
    return inspectUntouched(path, verify);
  } catch (error) {
    if (!isSqliteError(error) || error.code !== 'SQLITE_READONLY_ROLLBACK') throw error;
    // A crash interrupted its making, before it had a WAL. The half-written part is rolled back first,
    // as any program that opens it would do.
    rollBack(path);
    return inspectUntouched(path, verify);
  }
}

function rollBack(path: string): void {
  const db = openDatabase(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma('schema_version');
  } finally {
    db.close();
  }
}

/** Looks through a read-only connection, because closing a writable one would fold the WAL in. */
function inspectUntouched(path: string, verify: Verify): Inspected {
  const db = openDatabase(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma('trusted_schema = OFF');
    const version = inspectSchema(db, path);
    if (version !== null) verify(db);
    const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if ((wal?.size ?? 0) > 0) return { version, keeper: db };
    db.close();
    return { version, keeper: null };
  } catch (error) {
    db.close();
    throw error;
  }
}

function older(path: string, version: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_OLDER',
    `The store at ${path} has schema version ${version} and this version of holdfast uses ` +
      `${SCHEMA_VERSION}. Looking changes nothing: start the program that uses the store, or run ` +
      'holdfast migrate, to bring it up to date.',
    { path },
  );
}

function configure(db: Database.Database, path: string): void {
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('mmap_size = 0');
  db.pragma(`cache_size = ${-CACHE_KIBIBYTES}`);
  db.pragma('temp_store = MEMORY');
  // Erased data is overwritten, also where it filled pages of its own (SE-5).
  db.pragma('secure_delete = ON');
  demandSetting(db, path, 'journal_mode', 'WAL', 'wal');
  // Only now: better-sqlite3 is compiled so that switching to WAL lowers it to NORMAL, which loses
  // acknowledged work in a power cut.
  demandSetting(db, path, 'synchronous', 'FULL', SYNCHRONOUS_FULL);
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
}

/**
 * Folds the WAL into the database. On a connection that was just opened only {@link Opened.fold} may.
 *
 * @throws HoldfastError `HF_STORE_LOCKED` while another program reads. Errors of SQLite.
 */
export function foldWal(db: Database.Database, path: string): void {
  const [outcome] = db.pragma('wal_checkpoint(TRUNCATE)') as readonly { busy: number }[];
  if (outcome?.busy === 0) return;
  throw new HoldfastError(
    'HF_STORE_LOCKED',
    `The store at ${path} is being read by another program. Close whatever else has it open.`,
    { path, retry: 'later' },
  );
}

/**
 * Folds the WAL into the database and truncates it, if nobody reads. It waits for nothing but the disk, which has 16
 * MiB to write at most, as after any commit. Returns whether it was done.
 *
 * @throws errors of SQLite.
 */
export function foldIfUnread(db: Database.Database): boolean {
  db.pragma('busy_timeout = 0');
  try {
    const [outcome] = db.pragma('wal_checkpoint(TRUNCATE)') as readonly { busy: number }[];
    return outcome?.busy === 0;
  } finally {
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

function demandSetting(
  db: Database.Database,
  path: string,
  name: string,
  value: string,
  readsBack: string | number,
): void {
  db.pragma(`${name} = ${value}`);
  if (db.pragma(name, { simple: true }) === readsBack) return;
  throw new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `SQLite would not set ${name} to ${value} for ${path}, and without it nothing kept there ` +
      'would be safe. Put the store on a local disk.',
    { path },
  );
}
