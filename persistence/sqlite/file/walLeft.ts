/**
 * What a WAL holds that may not be on the disk.
 *
 * Where a sync fails, the system may take what it could not write for written: the next sync succeeds
 * and writes nothing of it. Folded into the database, such frames would be there without having been
 * durable anywhere, and a power cut amid that leaves half a transaction
 * (docs/decisions/0059-a-wal-is-written-anew.md).
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

/** As the file format of SQLite has it: the head of a WAL, and of each page in it. */
const WAL_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
const PIECE_BYTES = 1_024 * 1_024;
/** So much is read whole after a crash, pages and indexes: some 10 ms a MiB. */
const CHECKED_WHOLE_BYTES = 32 * 1_024 * 1_024;
/** And so much without comparing the indexes with their tables: some 2 ms a MiB. */
const CHECKED_BYTES = 256 * 1_024 * 1_024;

/**
 * Writes a WAL that was found over itself and syncs it, so that all of it is on disk, whatever a sync
 * before has told. Nobody else may write meanwhile.
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
 * Takes out of the WAL, on disk too, what a commit has left there that failed, so that neither this
 * process nor one after it takes it for committed. Returns whether nothing of it is left; false also
 * where another connection has written since.
 */
export function cutRefused(
  db: Database.Database,
  walPath: string,
  foreignWrites: ForeignWrites,
): boolean {
  try {
    // How many frames are committed: no checkpoint is made.
    const [found] = db.pragma('wal_checkpoint(NOOP)') as readonly { log: number }[];
    if (found === undefined || found.log < 0) return false;
    const frameBytes = FRAME_HEAD_BYTES + Number(db.pragma('page_size', { simple: true }));
    const end = found.log === 0 ? 0 : WAL_HEAD_BYTES + found.log * frameBytes;
    // Nobody writes as long as this lasts.
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
 * Looks through the pages of a store that was not closed in good order, as far as a start can wait for
 * it: one that is damaged must not be written to, which would damage more of it.
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
