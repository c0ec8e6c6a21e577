/**
 * The folder in which a backup or a restore is put together before it gets its name. It holds the note of its maker, by
 * which the leftovers of a killed process are told from the work of a living one.
 *
 * @module
 */

import { lstatSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { isLeftByDead, leaveNote, nameOwner, programName, removeNote } from '../owner/ownerNote.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import type { UpkeepOptions } from './progress.ts';

const FOLDER_MODE = 0o700;

/**
 * Makes the folder for a `target`, in place of the leftovers of a maker that has ended.
 *
 * @throws HoldfastError `HF_TARGET_EXISTS` where its maker may live; `HF_STORE_…`.
 */
export async function makeUnfinished(
  target: string,
  { onNotice }: Pick<UpkeepOptions, 'onNotice'>,
): Promise<string> {
  const path = `${target}.unfinished`;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true && isLeftByDead(path)) {
    const maker = nameOwner(path);
    rmSync(path, { recursive: true, force: true });
    onNotice?.(`${path} was left unfinished by ${maker}, which has ended; it was removed.`);
  } else if (found !== undefined) {
    throw new HoldfastError(
      'HF_TARGET_EXISTS',
      `${path} is there already: ${nameOwner(path)} is at work there, or was killed. Wait for it, or remove the folder if nothing runs.`,
      { path },
    );
  }
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    throw storeFailure(error, path);
  }
  leaveNote(path, programName());
  return path;
}

/** Removes the maker's note from a folder that is complete. */
export function endUnfinished(path: string): void {
  removeNote(path);
}
