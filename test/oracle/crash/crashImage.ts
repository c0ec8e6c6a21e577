/**
 * A store that a power cut left: laid out, opened as a restart would, and reported to the oracle.
 *
 * @module
 */

import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storeLocation } from '../../../persistence/openStore.ts';
import { keyringExists, openKeyring } from '../../../persistence/sealing/keyring.ts';
import {
  createStoreClient,
  InThreadChannel,
} from '../../../persistence/sqlite/client/storeClient.ts';
import { checkData } from '../../../persistence/upkeep/checkData.ts';
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

/** A store that a power cut left, opened. */
export interface OpenedImage {
  readonly rows: readonly RowAtRest[];
  /** Faults found on opening it, whatever was promised. */
  readonly unsound: readonly Unsoundness[];
}

/** Replaces the content of `root` with the image. */
export function layOut(image: Image, root: string): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { mode: 0o700 });
  writeImage(image, root);
}

/**
 * Opens a store as a restart would, makes one where there is none, and reads all of it. Nobody helps: a store that
 * does not open by itself is a breach.
 */
export async function readImage(folder: string): Promise<OpenedImage> {
  const unsound: Unsoundness[] = [];
  const found = (what: Unsound, detail: string): void => {
    unsound.push({ event: 'unsound', what, detail });
  };
  for (const fault of await faultsAtRest(folder)) found('damaged', fault);
  const store = createStoreClient(
    (notify) => new InThreadChannel(storeLocation(folder, KEY, true), notify),
  );
  let rows: readonly RowAtRest[] = [];
  try {
    store.onQuarantine(({ id, code }) => {
      found('not decrypted', `${id} ${code}`);
    });
    const { componentsUnreadable, crisisModes } = await store.open();
    if (crisisModes.isInDoubt) found('not decrypted', 'crisis modes');
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

/** Tells the oracle the rows in a folder where no process runs; returns true for a sound store. */
export async function tellImage(
  folder: string,
  oracle: Oracle,
  event: 'disk' | 'finished' = 'disk',
): Promise<boolean> {
  const { rows, unsound } = await readImage(folder);
  for (const one of unsound) oracle.tell(one);
  // A store that does not open has lost everything, and need not count a second time.
  if (unsound.every(({ what }) => what !== 'not opened')) {
    oracle.tell({ event, rows: diskRows(rows) });
  }
  return unsound.length === 0;
}

/**
 * Compares the image with what the process had said before the cut. `effects` are those of the upstream by then,
 * where a better witness than the process knows them.
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

/** Lists what doctor finds in the files as the cut has left them: no power cut may look like an end that was cut off. */
async function faultsAtRest(folder: string): Promise<readonly string[]> {
  const path = join(folder, 'data.db');
  if (!existsSync(path) || statSync(path).size === 0 || !(await keyringExists(folder))) return [];
  try {
    const key = await openKeyring(folder, KEY);
    return (await checkData(path, key, { clock: systemClock })).faults;
  } catch (error) {
    // A store that was only just being made; whether it opens is seen next.
    if (isHoldfastError(error)) return [];
    throw error;
  }
}

/** Checks the indexes, too, which a read of every row leaves out. */
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
