/**
 * The mark of a store in its own file: whose it is, and a seal by which a wrong key is told at once,
 * before any row fails to open.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { RowSeals } from './rowSeals.ts';

/** Writes the mark of a new store. */
export function insertMark(db: Database.Database, seals: RowSeals, storeId: string): void {
  db.prepare('INSERT INTO meta (one, store_id, key_id, seal) VALUES (1, ?, ?, ?)').run(
    Buffer.from(storeId, 'hex'),
    seals.keyId,
    seals.sealMark(),
  );
}

/**
 * Seals the mark anew, so that the WAL begins with it: one that is put beside another store is known
 * by that before it is copied in. SQLite leaves out a write that changes no byte.
 */
export function renewMark(db: Database.Database, seals: RowSeals): void {
  db.prepare('UPDATE meta SET key_id = ?, seal = ?').run(seals.keyId, seals.sealMark());
}

/**
 * @throws HoldfastError `HF_KEY_WRONG` when the file belongs to another keyring, `HF_KEY_UNKNOWN`,
 * `HF_STORE_CORRUPT` when the mark was changed.
 */
export function checkMark(
  db: Database.Database,
  seals: RowSeals,
  storeId: string,
  path: string,
): void {
  const mark = db
    .prepare<[], { store_id: Uint8Array; seal: Uint8Array }>('SELECT store_id, seal FROM meta')
    .get();
  if (mark === undefined) {
    throw new HoldfastError(
      'HF_STORE_CORRUPT',
      `The store at ${path} has lost its mark. Restore it from a backup.`,
      { path },
    );
  }
  if (Buffer.from(mark.store_id).toString('hex') !== storeId) {
    throw new HoldfastError(
      'HF_KEY_WRONG',
      `The store at ${path}, or the -wal beside it, belongs to another keyring than the one beside it. Nothing was changed. Move the -wal away if it was put there, or restore all from the same backup.`,
      { path },
    );
  }
  try {
    seals.openMark(mark.seal);
  } catch (error) {
    if (isHoldfastError(error) && error.code.startsWith('HF_KEY_')) {
      throw new HoldfastError(
        error.code,
        `The store at ${path} was made with another key. Restore its keyring from a backup.`,
        { path, cause: error },
      );
    }
    throw new HoldfastError(
      'HF_STORE_CORRUPT',
      `The mark of the store at ${path} was changed. Restore the store from a backup.`,
      { path, cause: error },
    );
  }
}
