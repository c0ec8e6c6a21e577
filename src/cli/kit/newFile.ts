/**
 * Files that commands write for people: new ones, outside of the store, which their user alone can read.
 *
 * @module
 */

import { lstat, open, realpath } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { StoreOptions } from './storeOptions.ts';

const FILE_MODE = 0o600;

/** @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a file in the folder of the store, which is no place to keep anything. */
export async function demandElsewhere(
  path: string,
  { store }: Pick<StoreOptions, 'store'>,
): Promise<void> {
  const folder = await realpath(store).catch(() => resolve(store));
  const parent = await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path)));
  const from = relative(folder, parent);
  if (from.startsWith('..') || resolve(from) === from) return;
  throw new HoldfastError(
    'HF_OPTION_INVALID',
    `${path} is in the folder of the store: whoever can write that could change it, too. Name a file elsewhere.`,
    { field: 'to', path },
  );
}

/** Refuses a file that is there before the work whose result it is to hold. @throws HoldfastError (rejects) `HF_OPTION_INVALID`. */
export async function demandNew(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw isNoNew(path, 'it is there already');
}

function isNoNew(path: string, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `Can't write ${path}: ${why}. Name a new file.`, {
    field: 'to',
    path,
    cause,
  });
}

/** Creates a file that its user alone can read, and never over an existing one. @throws HoldfastError (rejects) `HF_OPTION_INVALID`. */
export async function createFile(path: string): ReturnType<typeof open> {
  try {
    return await open(path, 'wx', FILE_MODE);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : `opening it failed with ${code ?? ''}`;
    throw isNoNew(path, why, cause);
  }
}

/** Adds a text to a file that was created. @throws HoldfastError (rejects) `HF_OPTION_INVALID`, as where the disk is full. */
export async function append(
  path: string,
  file: Awaited<ReturnType<typeof createFile>>,
  text: string,
): Promise<void> {
  try {
    await file.appendFile(text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOSPC' ? 'its disk is full' : `writing it failed with ${code ?? ''}`;
    throw isNoNew(path, why, cause);
  }
}

/** Writes a text to a new file. @throws HoldfastError (rejects) as {@link createFile}. */
export async function writeNew(path: string, text: string): Promise<void> {
  const file = await createFile(path);
  try {
    await append(path, file, text);
    await file.sync();
  } finally {
    await file.close();
  }
}
