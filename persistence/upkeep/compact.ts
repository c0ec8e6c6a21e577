/**
 * Shrinks a store at rest: purges what was kept long enough, then has SQLite rewrite the file without its holes, in
 * which erased records may still be (PS-5, SE-5).
 *
 * A crash at any point leaves the old file or the new one: the rewriting goes through the WAL like any other commit. It
 * needs room for two more copies while it lasts.
 *
 * @module
 */

import { statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { openAtRest, type StoreOptions, storeLocation } from '../openStore.ts';
import { takeOwnership } from '../owner/owner.ts';
import { programName } from '../owner/ownerNote.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { foldWal, openFile } from '../sqlite/file/connection.ts';
import { removeOldMigrationBackups } from '../sqlite/migrations/migrationBackup.ts';
import { DATA_FILE_NAME } from '../sqlite/writer/writer.ts';
import { findFaults } from './checkData.ts';
import { giveWay, type UpkeepOptions } from './progress.ts';

const ROWS_AT_ONCE = 500;
/** A copy of what is live for the temporary file, another for the WAL, and some to spare. */
const ROOM_FACTOR = 2.1;

/** The size of the file before and after. */
export interface Rewrite {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Purges what has settled and was kept long enough, and kept records; resolves to how many operations went.
 *
 * @throws HoldfastError (rejects) as {@link openAtRest}.
 */
export async function purgeAtRest(store: StoreOptions, options: UpkeepOptions): Promise<number> {
  const nowMs = options.clock.now();
  const { store: opened } = await openAtRest(store);
  let purged = 0;
  try {
    const total = (await opened.counts()).settled;
    for (;;) {
      const [settled, kept] = await opened.commit([
        { kind: 'purgeSettled', nowMs, limit: ROWS_AT_ONCE },
        { kind: 'purgeKept', nowMs, limit: ROWS_AT_ONCE },
      ]);
      const count = settled?.kind === 'purgedSettled' ? settled.count : 0;
      const keptCount = kept?.kind === 'purgedKept' ? kept.count : 0;
      purged += count;
      options.onProgress?.({ step: 'purging', done: purged, total });
      if (Math.max(count, keptCount) < ROWS_AT_ONCE) break;
      await giveWay(options);
    }
    await removeOldMigrationBackups(store.folder, nowMs);
    return purged;
  } finally {
    await opened.close();
  }
}

/**
 * Checks the file and rewrites it; call it after {@link purgeAtRest}, which makes sure that the key is right and the
 * WAL the file's own. Rewriting takes as long as copying and can't be asked to stop; ending the process is safe.
 */
export async function rewriteAtRest(store: StoreOptions, options: UpkeepOptions): Promise<Rewrite> {
  const { folder, giveBack } = await storeLocation(store.folder, store.key, false).reserve();
  const path = join(folder, DATA_FILE_NAME);
  try {
    const ownership = takeOwnership(folder, programName());
    try {
      const opened = openFile(path, {
        create: false,
        isNew: false,
        seed: () => {},
        verify: () => {},
      });
      const { db } = opened;
      try {
        opened.fold();
        const bytesBefore = statSync(path).size;
        demandRoom(db, path);
        await demandSound(db, path, options);
        // The temporary copy may be larger than memory; in the store's own folder it is as safe as
        // the file itself, and has no name.
        process.env['SQLITE_TMPDIR'] = folder;
        db.pragma('temp_store = FILE');
        db.exec('VACUUM');
        foldWal(db, path);
        return { bytesBefore, bytesAfter: statSync(path).size };
      } finally {
        opened.close();
      }
    } finally {
      ownership.giveBack();
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw storeFailure(error, path);
  } finally {
    giveBack();
  }
}

async function demandSound(
  db: Database.Database,
  path: string,
  options: UpkeepOptions,
): Promise<void> {
  const [fault] = await findFaults(db, options);
  if (fault === undefined) return;
  throw new HoldfastError(
    'HF_STORE_CORRUPT',
    `The store at ${path} is damaged (${fault}), and writing it anew would drop what can't be read. ` +
      'Nothing was changed. Look with holdfast doctor --deep, and restore a backup.',
    { path },
  );
}

function demandRoom(db: Database.Database, path: string): void {
  const read = (name: string): number => Number(db.pragma(name, { simple: true }));
  const liveBytes = (read('page_count') - read('freelist_count')) * read('page_size');
  const { bavail, bsize } = statfsSync(dirname(path));
  const needed = Math.ceil(liveBytes * ROOM_FACTOR);
  if (bavail * bsize >= needed) return;
  throw new HoldfastError(
    'HF_STORE_FULL',
    `Rewriting ${path} needs ${needed} bytes free for a while, and there are ${bavail * bsize}. ` +
      'Nothing was changed. Make room and try again.',
    { path, retry: 'later' },
  );
}
