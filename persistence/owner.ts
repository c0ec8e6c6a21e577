/**
 * One owner a store (SV-5): an exclusive SQLite lock on a small file, held for life. The system
 * frees it when the process ends, however it ends, and keeps it while the process is only stopped;
 * so there are no leases, no stale lock files and no clocks in it.
 *
 * Beware: closing any other descriptor of `owner.db` in the same process drops the lock (POSIX), so
 * nothing but this file may open it.
 *
 * @module
 */

import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import { isSqliteError, storeFailure } from './sqlite/failures.ts';

const LOCK_FILE_NAME = 'owner.db';
/** Says who the owner is; for people only, nothing is decided by it. */
const NOTE_FILE_NAME = 'owner.json';
const FILE_MODE = 0o600;

export interface Ownership {
  release(): void;
}

/**
 * Becomes the owner of the store in a folder, or fails at once.
 *
 * @throws HoldfastError `HF_STORE_OWNED` naming the process that owns it; `HF_STORE_FOLDER`,
 * `HF_STORE_UNAVAILABLE` when the lock file can't be used.
 */
export function takeOwnership(folder: string): Ownership {
  const path = join(folder, LOCK_FILE_NAME);
  let db: Database.Database | undefined;
  try {
    if (!existsSync(path)) closeSync(openSync(path, 'wx', FILE_MODE));
    db = new Database(path, { fileMustExist: true, timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    // Two processes may also make the file at the same moment.
    const lost = isSqliteError(error)
      ? error.code.startsWith('SQLITE_BUSY')
      : hasCode(error, 'EEXIST');
    throw lost ? owned(folder, ownerOf(folder)) : storeFailure(error, path);
  }
  leaveNote(folder);
  const held = db;
  return { release: () => void held.close() };
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
  if (folders.has(realPath)) throw owned(realPath, 'this process itself');
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

function ownerOf(folder: string): string {
  const path = join(folder, NOTE_FILE_NAME);
  try {
    const note: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const pid: unknown =
      typeof note === 'object' && note !== null ? Reflect.get(note, 'pid') : null;
    if (typeof pid === 'number') {
      return `process ${pid} since ${statSync(path).mtime.toISOString()}`;
    }
  } catch {
    // The owner may be writing it just now.
  }
  return 'another process';
}

function leaveNote(folder: string): void {
  try {
    const note = JSON.stringify({ pid: process.pid });
    writeFileSync(join(folder, NOTE_FILE_NAME), note, { mode: FILE_MODE });
  } catch {
    // A full disk must not keep the store from opening.
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === code;
}
