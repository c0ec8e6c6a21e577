/**
 * Opens the input of `holdfast run`: a file, a pipe or stdin.
 *
 * @module
 */

import { type FileHandle, open } from 'node:fs/promises';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

/** Where input comes from, `-` being stdin. */
export interface Input {
  /** As a person knows it. */
  readonly name: string;
  /** Whether it can be read more than once: a file can, stdin and a pipe can't. */
  readonly isRepeatable: boolean;
  /** Bytes from the start. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a file of input, so that a wrong name is found before anything is done.
 *
 * @throws HoldfastError `HF_INPUT_UNREADABLE`
 */
export async function openInput(path: string): Promise<Input> {
  if (path === '-') {
    return {
      name: 'stdin',
      isRepeatable: false,
      bytes: () => process.stdin,
      // While it is open the process does not end.
      close: async () => {
        process.stdin.destroy();
      },
    };
  }
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const found = await file.stat();
  if (found.isDirectory()) {
    await file.close();
    throw unreadable(path, Object.assign(new Error(), { code: 'EISDIR' }));
  }
  return {
    name: path,
    isRepeatable: found.isFile(),
    bytes: () =>
      file.createReadStream(found.isFile() ? { start: 0, autoClose: false } : { autoClose: false }),
    close: async () => file.close(),
  };
}

function unreadable(path: string, cause: unknown): HoldfastError {
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a folder'
        : `reading it failed with ${code ?? 'an error'}`;
  return new HoldfastError('HF_INPUT_UNREADABLE', `Can't read ${path}: ${why}.`, { path, cause });
}
