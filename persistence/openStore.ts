/**
 * Puts a store together: folder, owner, keyring, writer.
 *
 * A store's folder holds `data.db` (with `-wal` and `-shm` while it is open), `keyring.json`,
 * `owner.db` and `owner.json`, all readable by their user alone.
 *
 * @module
 */

import type { Stats } from 'node:fs';
import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import { adviceFor, errorCodeOf, syncFolder } from './files/atomicFile.ts';
import { fileSystemType, sharedFileSystem } from './files/fileSystems.ts';
import { closeOwnFiles, isForeign } from './files/otherUsers.ts';
import { reserveFolder } from './owner/owner.ts';
import type { Store, StoreInfo } from './port/store.ts';
import { createKeyring, keyringExists, openKeyring } from './sealing/keyring.ts';
import type { KeySource } from './sealing/keySource.ts';
import {
  createStoreClient,
  InThreadChannel,
  type StoreLocation,
} from './sqlite/client/storeClient.ts';
import { ThreadChannel } from './sqlite/client/threadChannel.ts';
import { DATA_FILE_NAME } from './sqlite/writer/writer.ts';

const FOLDER_MODE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

export interface StoreOptions {
  /** Made where it is missing, mode 0700; its parent must exist. */
  readonly folder: string;
  readonly key: KeySource;
}

/**
 * The SQLite store in a folder, with its writer in a thread of its own. Nothing happens before
 * {@link Store.open}, which makes the store where there is none and rejects with `HF_STORE_FOLDER`,
 * `HF_STORE_OWNED`, `HF_STORE_NEWER`, `HF_STORE_FOREIGN`, `HF_STORE_CORRUPT`, `HF_STORE_FULL`,
 * `HF_STORE_UNAVAILABLE` or `HF_KEY_…`; it may then be called again.
 */
export function openStore({ folder, key }: StoreOptions): Store {
  const location = storeLocation(folder, key, true);
  return createStoreClient((notify) => new ThreadChannel(location, notify));
}

/**
 * Opens a store at rest, for the command line. It owns the store until it is closed, makes nothing, and works in the
 * caller's own thread.
 *
 * @throws HoldfastError (rejects) `HF_STORE_MISSING` where there is none, `HF_STORE_OLDER` for one
 * that would have to be migrated, and as {@link openStore}.
 */
export async function openAtRest({
  folder,
  key,
}: StoreOptions): Promise<{ readonly store: Store; readonly info: StoreInfo }> {
  const location = storeLocation(folder, key, false);
  const store = createStoreClient((notify) => new InThreadChannel(location, notify));
  return { store, info: await store.open() };
}

/**
 * Brings a store at rest up to date; resolves to `null` if it is already. `onOlder` is called before anything is
 * changed.
 *
 * @throws HoldfastError (rejects) `HF_STORE_MISSING` where there is none, and as {@link openStore}.
 */
export async function migrateAtRest(
  { folder, key }: StoreOptions,
  onOlder: () => void,
): Promise<StoreInfo['migration']> {
  // First without making anything: a misspelt folder must not become a store.
  try {
    const { store } = await openAtRest({ folder, key });
    await store.close();
    return null;
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'HF_STORE_OLDER') throw error;
  }
  onOlder();
  const location = storeLocation(folder, key, true);
  const store = createStoreClient((notify) => new InThreadChannel(location, notify));
  const { migration } = await store.open();
  await store.close();
  return migration;
}

/** The location of a store; `create` makes one if there is none. `typeOf` finds the kind of its file system. */
export function storeLocation(
  folder: string,
  key: KeySource,
  create: boolean,
  typeOf = fileSystemType,
): StoreLocation {
  const path = resolve(folder);
  return {
    create,
    sealing: key.sealing ?? 'native',
    async reserve() {
      await refuseShared(path, typeOf);
      await prepareFolder(path, create);
      const real = await realpath(path);
      await closeOwnFiles(real);
      return { folder: real, giveBack: reserveFolder(real) };
    },
    async unlock(real, hasData) {
      // Data without a keyring: opening says that it is missing. Never a new key over old data. A
      // keyring without data: the writer says that the data is gone.
      if (hasData || (await keyringExists(real))) return openKeyring(real, key);
      return createKeyring(real, key);
    },
  };
}

async function prepareFolder(path: string, create: boolean): Promise<void> {
  const found = await statOf(path);
  if (!create) {
    // Before anything is touched: becoming the owner would leave a lock file behind.
    // Where there is a keyring and no data, the writer says that the data is gone.
    const isStore =
      found !== null &&
      ((await statOf(join(path, DATA_FILE_NAME))) !== null || (await keyringExists(path)));
    if (!isStore) {
      throw new HoldfastError('HF_STORE_MISSING', `There is no store in ${path}.`, { path });
    }
  } else if (found === null) {
    await makeFolder(path);
  }
  checkFolder(path, found ?? (await stat(path)));
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw folderError(path, `can't be written (${errorCodeOf(error)}). Make it writable`, error);
  }
}

async function refuseShared(path: string, typeOf: typeof fileSystemType): Promise<void> {
  // Checked before anything is made: a folder that is missing will be on its parent's file system.
  const type = (await typeOf(path)) ?? (await typeOf(dirname(path)));
  const name = sharedFileSystem(type);
  if (name === null) return;
  const why = `lies on ${name}, where neither locks nor syncs can be trusted. Put the store on a local disk`;
  throw folderError(path, why);
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw folderError(path, `can't be used (${errorCodeOf(error)}). Check the path`, error);
  }
}

async function makeFolder(path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await mkdir(path, { mode: FOLDER_MODE });
    await syncFolder(parent);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'EEXIST') return;
    const why =
      code === 'ENOENT'
        ? `can't be made, because ${parent} does not exist. Make that folder first`
        : `can't be made (${code}). Make ${parent} writable`;
    throw folderError(path, why, error);
  }
}

function checkFolder(path: string, found: Stats): void {
  if (!found.isDirectory()) throw folderError(path, 'is not a folder. Give the path of one');
  if (isForeign(found)) {
    throw folderError(
      path,
      `belongs to another user (uid ${found.uid}). Make it your own with chown`,
    );
  }
  if (process.platform !== 'win32' && (found.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw folderError(
      path,
      'can be written by other users, who could replace the store. Run chmod go-w on it',
    );
  }
}

function folderError(path: string, why: string, cause?: unknown): HoldfastError {
  const message = `The store's folder ${path} ${why}, or choose another folder.`;
  return new HoldfastError('HF_STORE_FOLDER', message, { path, retry: adviceFor(cause), cause });
}
