/**
 * Frames of a WAL that may not be on the disk.
 *
 * After a failed sync the system may take the unwritten pages for written: the next sync succeeds and writes nothing of
 * them. Folded into the database, such frames would be there without having been durable anywhere, and a power cut
 * meanwhile would leave half a transaction (docs/decisions/0059-a-wal-is-written-anew.md).
 *
 * @module
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import type Database from 'better-sqlite3';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { ForeignWrites } from './fence.ts';

/** Sizes of SQLite's file format: the head of a WAL, and of each page in it. */
const WAL_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
const PIECE_BYTES = 1_024 * 1_024;
/** Size up to which a store is checked completely after a crash, pages and indexes: some 10 ms a MiB. */
const CHECKED_WHOLE_BYTES = 32 * 1_024 * 1_024;
/** Size up to which it is checked without comparing indexes with tables: some 2 ms a MiB. */
const CHECKED_BYTES = 256 * 1_024 * 1_024;

/**
 * Rewrites a WAL that was found and syncs it, so that all of it is on disk, whatever an earlier sync reported. Nobody
 * else may write meanwhile.
 *
 * @throws errors of the file system.
 */
export function renewWal(walPath: string): void {
  withFile(walPath, (file) => {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = 0; ; ) {
      const length = readSync(file, piece, 0, piece.length, at);
      if (length === 0) break;
      for (let done = 0; done < length; ) {
        done += writeSync(file, piece, done, length - done, at + done);
      }
      at += length;
    }
    fsyncSync(file);
  });
}

/**
 * Removes from the WAL, on disk too, the frames of a commit that failed, so that no process takes it for committed.
 * Returns whether nothing of it is left; false also if another connection has written since.
 */
export function cutRefused(
  db: Database.Database,
  walPath: string,
  foreignWrites: ForeignWrites,
): boolean {
  try {
    // Number of committed frames: no checkpoint is made.
    const [found] = db.pragma('wal_checkpoint(NOOP)') as readonly { log: number }[];
    if (found === undefined || found.log < 0) return false;
    const frameBytes = FRAME_HEAD_BYTES + Number(db.pragma('page_size', { simple: true }));
    const end = found.log === 0 ? 0 : WAL_HEAD_BYTES + found.log * frameBytes;
    // Nobody writes meanwhile.
    db.exec('BEGIN IMMEDIATE');
    try {
      if (foreignWrites.happened()) return false;
      withFile(walPath, (file) => {
        if (fstatSync(file).size > end) ftruncateSync(file, end);
        fsyncSync(file);
      });
      return true;
    } finally {
      db.exec('ROLLBACK');
    }
  } catch {
    return false;
  }
}

/**
 * Checks the pages of a store that was not closed in good order, as far as a start can wait for it: writing to a
 * damaged one would damage more of it.
 *
 * @throws HoldfastError `HF_STORE_CORRUPT`. Errors of SQLite.
 */
export function demandSound(db: Database.Database, path: string): void {
  const pages = Number(db.pragma('page_count', { simple: true }));
  const bytes = pages * Number(db.pragma('page_size', { simple: true }));
  if (bytes > CHECKED_BYTES) return;
  const check = bytes > CHECKED_WHOLE_BYTES ? 'quick_check' : 'integrity_check';
  if (db.pragma(`${check}(1)`, { simple: true }) === 'ok') return;
  throw new HoldfastError(
    'HF_STORE_CORRUPT',
    `The store at ${path} was not closed in good order, and its pages or indexes are damaged. It was ` +
      'not started, since to write to it would damage more: see holdfast doctor --deep, check the disk, ' +
      'and restore a backup.',
    { path },
  );
}

function withFile(path: string, use: (file: number) => void): void {
  const file = openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}
