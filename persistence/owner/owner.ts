/**
 * Ownership of a store by one process (SV-5): an exclusive SQLite lock on a small file, held for life. The system frees
 * it when the process ends, however it ends, and keeps it while the process is only stopped; so there are no leases, no
 * stale lock files and no clocks.
 *
 * A lock can be lost all the same: when its file is deleted and, by a rule of POSIX, when anything in this process
 * opens and closes it. Two more lines of defence follow (docs/decisions/0034): the owner's note keeps others out while
 * the owner lives, and the store fences off an owner that was succeeded (sqlite/fence.ts). The owner checks its lock
 * with each commit and takes it again.
 *
 * @module
 */

import type { BigIntStats } from 'node:fs';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { HoldfastError, isError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { isSqliteError, openDatabase } from '../sqlite/driver/library.ts';
import {
  identityOf,
  isOwnedBriefly,
  isOwnedByNote,
  isOwnedByUs,
  knowsProcesses,
  leaveNote,
  nameOwner,
  removeNote,
} from './ownerNote.ts';

const LOCK_FILE_NAME = 'owner.db';
const FILE_MODE = 0o600;
/** The lock is looked for at so many commits: that takes longer than the look at its file. */
const COMMITS_A_LOOK = 16;
/** A command that only reads takes well under a second; a stopped one is not waited for. */
const LOOK_MS_MAX = 5_000;
const LOOK_AGAIN_MS = 25;

/** Ownership of a store. */
export interface Ownership {
  /**
   * Makes sure, before a commit, that this process is still the owner; takes a lost lock again. Returns a fault that it
   * found and mended, `null` if all is well.
   *
   * @throws HoldfastError `HF_STORE_TAKEN` when another process owns the store now; `HF_STORE_LOCKED`
   * while one has only the lock; `HF_STORE_LOST` while the folder is not where it was: the next start
   * would not find what is written there.
   */
  confirm(): HoldfastError | null;
  giveBack(): void;
}

/**
 * Becomes the owner of the store in a folder, or fails at once. Others read the program's name from its note, and
 * whether it will give the store back at once.
 *
 * @throws HoldfastError `HF_STORE_OWNED` naming the process that owns it; `HF_STORE_FOLDER`,
 * `HF_STORE_UNAVAILABLE` when the lock file can't be used.
 */
export function takeOwnership(folder: string, program: string, isBrief = false): Ownership {
  const lock = takeLock(folder);
  if (isOwnedByNote(folder)) {
    const owner = nameOwner(folder);
    lock.db.close();
    throw owned(folder, `${owner}, which has lost its lock on ${LOCK_FILE_NAME} but still runs`);
  }
  leaveNote(folder, program, isBrief);
  return new OwnerLock(folder, program, lock);
}

/**
 * {@link takeOwnership}, but waits a moment for an owner that only looks, as the command line does: a
 * program that starts just then must not be refused. It blocks the thread meanwhile.
 */
export function awaitOwnership(folder: string, program: string, isBrief: boolean): Ownership {
  for (let waitedMs = 0; ; waitedMs += LOOK_AGAIN_MS) {
    try {
      return takeOwnership(folder, program, isBrief);
    } catch (error) {
      const isOwned = isHoldfastError(error) && error.code === 'HF_STORE_OWNED';
      if (!isOwned || !isOwnedBriefly(folder) || waitedMs >= LOOK_MS_MAX) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
    }
  }
}

/** A lock, and the file that it is on. */
interface Lock {
  readonly db: Database.Database;
  readonly file: BigIntStats;
  /** Descriptor of the file in this process; `null` where that is not known. */
  readonly descriptor: string | null;
}

class OwnerLock implements Ownership {
  readonly #folder: string;
  readonly #program: string;
  readonly #path: string;
  readonly #folderIdentity: string;
  /** `null` after it was lost and could not be taken again yet. */
  #lock: Lock | null;
  #confirmations = 0;
  #taken: HoldfastError | null = null;

  constructor(folder: string, program: string, lock: Lock) {
    this.#folder = folder;
    this.#program = program;
    this.#path = join(folder, LOCK_FILE_NAME);
    this.#folderIdentity = identityOf(folder);
    this.#lock = lock;
  }

  confirm(): HoldfastError | null {
    if (this.#taken !== null) throw this.#taken;
    this.#confirmations += 1;
    const held = this.#lock?.file;
    const found = lookAt(this.#path);
    if (found !== null && found.ino === held?.ino && found.dev === held.dev) {
      const looks = this.#confirmations % COMMITS_A_LOOK === 1;
      if (!looks || this.#lock === null || isLocked(this.#lock)) return null;
      return this.#takeAgain('something in this process opened and closed it');
    }
    if (this.#hasMoved()) throw moved(this.#folder);
    return this.#takeAgain('it was deleted or replaced');
  }

  giveBack(): void {
    if (this.#taken === null && !this.#hasMoved()) removeNote(this.#folder);
    this.#lock?.db.close();
  }

  #hasMoved(): boolean {
    try {
      return identityOf(this.#folder) !== this.#folderIdentity;
    } catch {
      return true;
    }
  }

  /** @throws HoldfastError `HF_STORE_TAKEN`; `HF_STORE_…` when it can't be taken just now. */
  #takeAgain(why: string): HoldfastError {
    this.#lock?.db.close();
    this.#lock = null;
    try {
      if (isOwnedByNote(this.#folder)) throw owned(this.#folder, nameOwner(this.#folder));
      this.#lock = takeLock(this.#folder);
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'HF_STORE_OWNED') throw error;
      if (isOwnedByUs(this.#folder)) throw locked(this.#path);
      this.#taken = taken(this.#folder, nameOwner(this.#folder), error);
      throw this.#taken;
    }
    leaveNote(this.#folder, this.#program);
    return new HoldfastError(
      'HF_STORE_LOCK_LOST',
      `The lock on ${this.#path} was lost: ${why}. It was taken again, and nobody else had the store ` +
        'meanwhile. Keep other code and programs away from the files of the store.',
      { path: this.#path },
    );
  }
}

function takeLock(folder: string): Lock {
  const path = join(folder, LOCK_FILE_NAME);
  try {
    return lockFile(folder, path);
  } catch (error) {
    const isNoDatabase = isHoldfastError(error) && error.code === 'HF_STORE_CORRUPT';
    // The file holds nothing, so an overwritten one is made again; not under an owner that lives.
    if (!isNoDatabase || isOwnedByNote(folder)) throw error;
    rmSync(path, { force: true });
    return lockFile(folder, path);
  }
}

function lockFile(folder: string, path: string): Lock {
  let db: Database.Database | undefined;
  try {
    if (!existsSync(path)) closeSync(openSync(path, 'wx', FILE_MODE));
    db = openDatabase(path, { fileMustExist: true, timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    // Locked and never written; a journal file would need room, which a full disk has not.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    const file = statSync(path, { bigint: true });
    return { db, file, descriptor: descriptorOf(file) };
  } catch (error) {
    db?.close();
    // Two processes may also make the file at the same moment.
    const lost = isSqliteError(error)
      ? error.code.startsWith('SQLITE_BUSY')
      : hasCode(error, 'EEXIST');
    throw lost ? owned(folder, nameOwner(folder)) : storeFailure(error, path);
  }
}

/**
 * True if this process has a lock on the file, and where the system does not say. The list of all locks of the system
 * is read only where the descriptor shows none: to make it Linux waits until each processor has come by, for
 * milliseconds in which nothing is committed.
 */
function isLocked({ file, descriptor }: Pick<Lock, 'file' | 'descriptor'>): boolean {
  if (!knowsProcesses()) return true;
  if (descriptor !== null && isLockedIn(`/proc/self/fdinfo/${descriptor}`, file) === true) {
    return true;
  }
  return isLockedIn('/proc/locks', file) ?? true;
}

/** Whether a list of locks has one of this process on the file; `null` where it can't be read. */
function isLockedIn(list: string, { ino }: BigIntStats): boolean | null {
  let locks: string;
  try {
    locks = readFileSync(list, 'utf8');
  } catch {
    return null;
  }
  return locks
    .split('\n')
    .some((line) => line.includes(` WRITE ${process.pid} `) && line.includes(`:${ino} `));
}

/** The descriptor of this process that has the lock on the file; `null` where the system does not say. */
function descriptorOf(file: BigIntStats): string | null {
  if (!knowsProcesses()) return null;
  try {
    const has = (name: string): boolean => isLockedIn(`/proc/self/fdinfo/${name}`, file) === true;
    return readdirSync('/proc/self/fd').find(has) ?? null;
  } catch {
    return null;
  }
}

function lookAt(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/**
 * Reserves a folder within this process: the lock above keeps out other processes, but another copy
 * of the package in this one would be let in, and would drop our lock on its way out.
 *
 * @param realPath the folder with all links resolved.
 * @returns a function that gives it back.
 * @throws HoldfastError `HF_STORE_OWNED`.
 */
export function reserveFolder(realPath: string): () => void {
  const folders = reservedFolders();
  if (folders.has(realPath)) throw ownedHere(realPath);
  folders.add(realPath);
  return () => void folders.delete(realPath);
}

const RESERVED = Symbol.for('holdfast.reservedFolders');

/** Kept on the global object, where every copy of the package finds it. */
function reservedFolders(): Set<string> {
  const known: unknown = Reflect.get(globalThis, RESERVED);
  if (known instanceof Set) return known as Set<string>;
  const folders = new Set<string>();
  Reflect.set(globalThis, RESERVED, folders);
  return folders;
}

function owned(folder: string, owner: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_OWNED',
    `The store in ${folder} is in use by ${owner}. Stop it first; the store is free as soon as it ends.`,
    { path: folder, retry: 'later' },
  );
}

function ownedHere(folder: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_OWNED',
    `The store in ${folder} is in use by another runtime of this same process. Make one runtime and ` +
      'share it, or close() the first before the next is made; where modules are loaded anew (hot ' +
      'reload), keep it on globalThis.',
    { path: folder, retry: 'later' },
  );
}

/** The error of an owner that was succeeded while it lived. */
export function taken(path: string, by: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'HF_STORE_TAKEN',
    `The store in ${path} was taken over by ${by} while this process had it. Nothing more is written ` +
      'from here. Stop one of the two, and restart this process if it is to go on.',
    { path, cause },
  );
}

/** A new owner leaves a note; one that finds ours gives the lock back. */
function locked(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_LOCKED',
    `The lock on ${path} was lost, and another process has it just now. Close whatever else uses the store.`,
    { path, retry: 'later' },
  );
}

function moved(folder: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_LOST',
    `The folder ${folder} was renamed or removed while its store is in use. Give it its name back, and ` +
      'work goes on; or stop this process and start it with the new name.',
    { path: folder, retry: 'later' },
  );
}

function hasCode(error: unknown, code: string): boolean {
  return isError(error) && Reflect.get(error, 'code') === code;
}
