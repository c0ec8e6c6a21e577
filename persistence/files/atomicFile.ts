/**
 * File operations for key files: atomic writes, and advice on errors.
 *
 * @module
 */

import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isError, type RetryAdvice } from '../../machines/vocabulary/errors.ts';

/**
 * Puts `text` at `path`, mode 0600, all or nothing: after a crash there is the old content or the
 * new. On disk when it resolves. One writer at a time.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.new`);
  // Left by a crash; removed and not reused, so that its mode and links do not carry over.
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(folder);
}

/** Makes the names in a folder durable. Windows opens no folders and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Error codes of a disk that fails, is full, read-only or away, and of too many open files. */
const PASSING: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'EROFS',
  'ESTALE',
  'ETIMEDOUT',
]);

/** Advice on a retry: the cause may pass by itself. */
export function adviceFor(error: unknown): RetryAdvice {
  return PASSING.has(errorCodeOf(error)) ? 'later' : 'never';
}

/** `ENOENT` and the like; the error's name when it has no code. Never its message. */
export function errorCodeOf(error: unknown): string {
  if (!isError(error)) return typeof error;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : error.name;
}
