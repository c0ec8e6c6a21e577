/**
 * Checks that there is a store in a folder: a misspelt folder is no store at rest.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

/** The file that every store has. */
const DATA_FILE = 'data.db';

/** @throws HoldfastError `HF_STORE_MISSING` */
export function requireStore(folder: string): void {
  if (existsSync(join(folder, DATA_FILE))) return;
  throw new HoldfastError('HF_STORE_MISSING', `There is no store in ${resolve(folder)}.`, {
    path: folder,
  });
}
