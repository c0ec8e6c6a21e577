/**
 * Opens a store's file read-only, whether or not another process owns the store.
 *
 * @module
 */

import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { openDatabase } from '../sqlite/driver/library.ts';

/** Wait for another program that holds the file's lock. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Opens a store's file read-only, whether or not another process owns it. An empty file is never opened: beside it
 * SQLite deletes the -wal, which may hold everything that was accepted, even on a read-only connection.
 *
 * @throws HoldfastError `HF_STORE_MISSING`, `HF_STORE_LOST` for an empty file. Errors of SQLite.
 */
export function openToLook(path: string): Database.Database {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new HoldfastError('HF_STORE_MISSING', `There is no store at ${path}.`, { path });
  }
  if (found.size === 0) {
    throw new HoldfastError(
      'HF_STORE_LOST',
      `The store at ${path} is empty: what was in it is gone, unless it is only just being made. What is ` +
        'left in its folder was not touched. Restore a backup, or put the file back together with its -wal.',
      { path, retry: 'later' },
    );
  }
  const db = openDatabase(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  db.pragma('trusted_schema = OFF');
  return db;
}
