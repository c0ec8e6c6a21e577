/**
 * Makes a store of a backup, after everything in it was checked: the files against the manifest, the
 * tables, and every record with the key. The store starts held (hold.ts): what waits in it may have
 * been done since by the one it was copied from (PS-5).
 *
 * @module
 */

import { constants, copyFileSync, lstatSync } from 'node:fs';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { syncFolder } from '../files/atomicFile.ts';
import { syncFile } from '../files/durableFiles.ts';
import { storeLocation } from '../openStore.ts';
import { type Hold, holdWrite } from '../port/review.ts';
import { KEYRING_FILE_NAME, openKeyring } from '../sealing/keyring.ts';
import type { KeySource } from '../sealing/keySource.ts';
import { createStoreClient, InThreadChannel } from '../sqlite/client/storeClient.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { DATA_FILE_NAME } from '../sqlite/writer/writer.ts';
import {
  type BackupManifest,
  damaged,
  fingerprintFile,
  readManifest,
  refuseExisting,
} from './backup.ts';
import type { DataCheck } from './checkData.ts';
import { checkData } from './checkData.ts';
import type { UpkeepOptions } from './progress.ts';
import { endUnfinished, makeUnfinished } from './unfinishedFolder.ts';

const FILE_MODE = 0o600;
const FILES = [DATA_FILE_NAME, KEYRING_FILE_NAME] as const;

export interface RestoreOptions extends UpkeepOptions {
  /** Restore also where some records can't be opened: they will be quarantined when they are met. */
  readonly acceptsUnreadable: boolean;
}

export interface RestoreResult {
  readonly path: string;
  readonly manifest: BackupManifest;
  readonly check: DataCheck;
  readonly hold: Hold;
}

/**
 * Restores the backup in `from` into `to`: a folder that does not exist, or is empty.
 *
 * @throws HoldfastError (rejects) `HF_BACKUP_MISSING`, `HF_BACKUP_DAMAGED`, `HF_TARGET_EXISTS`,
 * `HF_STORE_NEWER`, `HF_KEY_…`, `HF_STORE_…`; then `to` is as it was.
 */
export async function restoreStore(
  from: string,
  to: string,
  key: KeySource,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const source = resolve(from);
  const target = resolve(to);
  const manifest = await readManifest(source);
  if (!(await isEmptyFolder(target))) refuseExisting(target, 'Give a new folder');
  const unfinished = await makeUnfinished(target, options);
  try {
    await copyFiles(source, unfinished, manifest, options);
    const check = await checkCopy(source, unfinished, key, options);
    options.signal?.throwIfAborted();
    const hold = await holdStore(unfinished, key, check, options);
    endUnfinished(unfinished);
    await rename(unfinished, target);
    await syncFolder(dirname(target));
    return { path: target, manifest, check, hold };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    options.signal?.throwIfAborted();
    throw storeFailure(error, target);
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  return (await readdir(path)).length === 0;
}

/** Copies first and checks the copy, so that what is checked is what will be used. */
async function copyFiles(
  source: string,
  unfinished: string,
  { files }: BackupManifest,
  options: UpkeepOptions,
): Promise<void> {
  for (const name of FILES) {
    const expected = files[name];
    if (expected === undefined) throw damaged(source, `the manifest does not name ${name}`);
    const path = join(unfinished, name);
    try {
      copyFileSync(join(source, name), path, constants.COPYFILE_FICLONE);
    } catch (error) {
      if (lstatSync(join(source, name), { throwIfNoEntry: false }) !== undefined) throw error;
      throw damaged(source, `${name} is missing`, error);
    }
    await chmod(path, FILE_MODE);
    syncFile(path);
    const found = await fingerprintFile(path, options);
    if (found.bytes !== expected.bytes || found.sha256 !== expected.sha256) {
      throw damaged(source, `${name} is not what was written to it`);
    }
  }
}

async function checkCopy(
  source: string,
  unfinished: string,
  key: KeySource,
  options: RestoreOptions,
): Promise<DataCheck> {
  const keyring = await openKeyring(unfinished, key);
  const check = await checkData(join(unfinished, DATA_FILE_NAME), keyring, options);
  const [fault] = check.faults;
  if (fault !== undefined) throw damaged(source, fault);
  if (check.unreadableCount > 0 && !options.acceptsUnreadable) {
    throw damaged(
      source,
      `${check.unreadableCount} of its records can't be opened (${check.unreadable[0]?.code})`,
    );
  }
  return check;
}

/** Opens it once as its owner, which also brings an older version up to date, and holds it. */
async function holdStore(
  folder: string,
  key: KeySource,
  { seqMax }: DataCheck,
  { clock }: UpkeepOptions,
): Promise<Hold> {
  const location = storeLocation(folder, key, true);
  const store = createStoreClient((notify) => new InThreadChannel(location, notify));
  const hold: Hold = { reason: 'restored', sinceAtMs: clock.now(), seqMax };
  try {
    await store.open();
    await store.commit([holdWrite(hold)]);
  } finally {
    await store.close();
  }
  return hold;
}
