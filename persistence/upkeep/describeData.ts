/**
 * The description of a store's file, read without owning or changing it.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { inspectSchema, SCHEMA_VERSION } from '../sqlite/schema/schema.ts';
import { openToLook } from './openToLook.ts';

export interface DataDescription {
  readonly sqliteVersion: string;
  readonly schemaVersion: number;
  /** The version that this program makes and uses. */
  readonly schemaVersionUsed: number;
  /** The journal mode: a store uses `wal`. */
  readonly journalMode: string;
  readonly bytes: number;
  /** Bytes left by erased rows, to be reused or returned. */
  readonly freeBytes: number;
}

/** @throws HoldfastError `HF_STORE_…` when it can't be read as a store. */
export function describeData(path: string): DataDescription {
  let db: Database.Database | undefined;
  try {
    db = openToLook(path);
    const schemaVersion = inspectSchema(db, path) ?? 0;
    const pageBytes = numberOf(db, 'page_size');
    return {
      sqliteVersion: String(db.prepare('SELECT sqlite_version()').pluck().get()),
      schemaVersion,
      schemaVersionUsed: SCHEMA_VERSION,
      journalMode: String(db.pragma('journal_mode', { simple: true })),
      bytes: numberOf(db, 'page_count') * pageBytes,
      freeBytes: numberOf(db, 'freelist_count') * pageBytes,
    };
  } catch (error) {
    throw storeFailure(error, path);
  } finally {
    db?.close();
  }
}

function numberOf(db: Database.Database, pragma: string): number {
  return Number(db.pragma(pragma, { simple: true }));
}
