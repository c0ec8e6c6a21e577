/**
 * Stores on a temporary folder, for tests.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, storeLocation } from '../../../persistence/openStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import type { KeySource } from '../../../persistence/sealing/keySource.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import {
  createStoreClient,
  InThreadChannel,
} from '../../../persistence/sqlite/client/storeClient.ts';
import type { StoreUnderTest } from './storeContract.ts';

export const TEST_KEY: KeySource = rawKey(new Uint8Array(32).fill(7));
export const OTHER_KEY: KeySource = rawKey(new Uint8Array(32).fill(8));

/** The SQLite store with its writer in this thread. */
export function inThreadStore(folder: string, key: KeySource = TEST_KEY): Store {
  const location = storeLocation(folder, key, true);
  return createStoreClient((notify) => new InThreadChannel(location, notify));
}

/** The SQLite store as users get it. */
export function threadedStore(folder: string, key: KeySource = TEST_KEY): Store {
  return openStore({ folder, key });
}

/** A folder that is removed by the function beside it. */
export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-store-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function storeUnderTest(make: (folder: string) => Store): Promise<StoreUnderTest> {
  const { folder, remove } = await temporaryFolder();
  const path = join(folder, 'store');
  return {
    store: make(path),
    reopen: () => Promise.resolve(make(path)),
    dispose: remove,
  };
}
