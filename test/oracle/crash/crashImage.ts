import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storePlace } from '../../../persistence/openStore.ts';
import { InThreadChannel } from '../../../persistence/sqlite/client/inThreadChannel.ts';
import { createStoreClient } from '../../../persistence/sqlite/client/storeClient.ts';
import type { LedgerEffect } from '../../support/process/ledgerServer.ts';
import { type RowAtRest, rowsAtRest } from '../../support/store/rowsAtRest.ts';
import type { Image } from './crashDisk.ts';
import { type Acknowledgement, KEY } from './crashWork.ts';
import { heard, ledgerOf } from './heard.ts';
import { writeImage } from './record.ts';

/** A store as a power cut left it. */
export interface OpenedImage {
  readonly rows: readonly RowAtRest[];
  /** What opening it found amiss, whatever was promised. */
  readonly breaches: readonly string[];
}

/** Puts the image into `root`, in place of what is there. */
export function layOut(image: Image, root: string): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { mode: 0o700 });
  writeImage(image, root);
}

/**
 * Opens a store as a restart would, makes one where there is none, and reads all of it. Nobody helps:
 * what does not open by itself is a breach.
 */
export async function readImage(folder: string): Promise<OpenedImage> {
  const breaches: string[] = [];
  const store = createStoreClient(
    (notify) => new InThreadChannel(storePlace(folder, KEY, true), notify),
  );
  let rows: readonly RowAtRest[] = [];
  try {
    store.onQuarantine(({ id, code }) => breaches.push(`not decrypted: ${id} ${code}`));
    const { componentsUnreadable } = await store.open();
    if (componentsUnreadable > 0)
      breaches.push(`not decrypted: ${componentsUnreadable} components`);
    rows = await rowsAtRest(store);
  } catch (error) {
    breaches.push(`not opened: ${isHoldfastError(error) ? error.code : String(error)}`);
  } finally {
    await store.close();
  }
  if (breaches.length === 0) breaches.push(...damageOf(join(folder, 'data.db')));
  return { rows, breaches };
}

/**
 * Holds the image to what the process had said before the cut. `effects` are what the upstream had made
 * by then, where that is known better than by what was said.
 */
export async function judge(
  folder: string,
  said: readonly Acknowledgement[],
  effects?: readonly LedgerEffect[],
): Promise<readonly string[]> {
  const { rows, breaches } = await readImage(folder);
  // What can't be opened has lost everything; it need not be counted a second time.
  if (breaches.some((breach) => breach.startsWith('not opened'))) return breaches;
  return [...breaches, ...heard(said, ledgerOf(said, effects)).atRest(rows)];
}

/** Reading every row does not read the indexes. */
function damageOf(path: string): readonly string[] {
  if (!existsSync(path)) return ['not opened: there is no file'];
  const db = new Database(path, { readonly: true });
  try {
    const found = db.pragma('integrity_check(1)', { simple: true });
    return found === 'ok' ? [] : [`damaged: ${String(found)}`];
  } finally {
    db.close();
  }
}
