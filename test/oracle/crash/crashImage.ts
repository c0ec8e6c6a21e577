/**
 * A store as a power cut left it: laid out, opened as a restart would, and told to the oracle.
 *
 * @module
 */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storeLocation } from '../../../persistence/openStore.ts';
import {
  createStoreClient,
  InThreadChannel,
} from '../../../persistence/sqlite/client/storeClient.ts';
import { diskRows } from '../../../src/simulator/oracle/diskRow.ts';
import { type RowAtRest, rowsAtRest } from '../../../src/simulator/oracle/rowsAtRest.ts';
import type { TraceEvent, Unsound } from '../../../src/simulator/oracle/trace.ts';
import { Oracle } from '../../../src/simulator/promises/oracle.ts';
import type { LedgerEffect } from '../../support/process/ledgerServer.ts';
import { POWER_CUT } from '../drivers.ts';
import { toldAltogether } from '../toldBy.ts';
import type { Image } from './crashDisk.ts';
import { type Acknowledgement, KEY } from './crashWork.ts';
import { writeImage } from './record.ts';

type Unsoundness = Extract<TraceEvent, { readonly event: 'unsound' }>;

/** A store as a power cut left it. */
export interface OpenedImage {
  readonly rows: readonly RowAtRest[];
  /** What opening it found amiss, whatever was promised. */
  readonly unsound: readonly Unsoundness[];
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
  const unsound: Unsoundness[] = [];
  const found = (what: Unsound, detail: string): void => {
    unsound.push({ event: 'unsound', what, detail });
  };
  const store = createStoreClient(
    (notify) => new InThreadChannel(storeLocation(folder, KEY, true), notify),
  );
  let rows: readonly RowAtRest[] = [];
  try {
    store.onQuarantine(({ id, code }) => {
      found('not decrypted', `${id} ${code}`);
    });
    const { componentsUnreadable } = await store.open();
    if (componentsUnreadable > 0) found('not decrypted', `${componentsUnreadable} components`);
    rows = await rowsAtRest(store);
  } catch (error) {
    found('not opened', isHoldfastError(error) ? error.code : String(error));
  } finally {
    await store.close();
  }
  if (unsound.length === 0) checkFile(join(folder, 'data.db'), found);
  return { rows, unsound };
}

/** Tells the oracle what lies in a folder where no process runs; true when the store is sound. */
export async function tellImage(
  folder: string,
  oracle: Oracle,
  event: 'disk' | 'finished' = 'disk',
): Promise<boolean> {
  const { rows, unsound } = await readImage(folder);
  for (const one of unsound) oracle.tell(one);
  // What can't be opened has lost everything; it need not be counted a second time.
  if (unsound.every(({ what }) => what !== 'not opened')) {
    oracle.tell({ event, rows: diskRows(rows) });
  }
  return unsound.length === 0;
}

/**
 * Holds the image to what the process had said before the cut. `effects` are what the upstream had made
 * by then, where that is known better than by what was said.
 */
export async function judgeImage(
  folder: string,
  said: readonly Acknowledgement[],
  effects: readonly LedgerEffect[] | null = null,
): Promise<readonly string[]> {
  const oracle = new Oracle(POWER_CUT);
  for (const event of toldAltogether(said, effects)) oracle.tell(event);
  await tellImage(folder, oracle);
  return oracle.breaches;
}

/** Reading every row does not read the indexes. */
function checkFile(path: string, found: (what: Unsound, detail: string) => void): void {
  if (!existsSync(path)) {
    found('not opened', 'there is no file');
    return;
  }
  const db = new Database(path, { readonly: true });
  try {
    const answer = db.pragma('integrity_check(1)', { simple: true });
    if (answer !== 'ok') found('damaged', String(answer));
  } finally {
    db.close();
  }
}
