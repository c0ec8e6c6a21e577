/**
 * Opens the input of `holdfast run`: a file, a pipe or stdin.
 *
 * @module
 */

import { constants, open as openFile } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

/** The input, a file or stdin (`-`). */
export interface Input {
  /** The name of the input, for messages. */
  readonly name: string;
  /** Whether it can be read more than once: a file can, stdin and a pipe can't. */
  readonly isRepeatable: boolean;
  /** Reads the bytes from the start. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a file of input, so that a wrong name is found before anything is done. A named pipe is there once
 * somebody writes to it; `null` where `signal` is aborted before.
 *
 * @throws HoldfastError `HF_INPUT_UNREADABLE`
 */
export async function openInput(path: string): Promise<Input>;
export async function openInput(path: string, signal: AbortSignal): Promise<Input | null>;
export async function openInput(path: string, signal?: AbortSignal): Promise<Input | null> {
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
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (found.isDirectory()) throw unreadable(path, Object.assign(new Error(), { code: 'EISDIR' }));
  if (found.isFIFO()) return await openPipe(path, signal);
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  return {
    name: path,
    isRepeatable: found.isFile(),
    bytes: () =>
      file.createReadStream(found.isFile() ? { start: 0, autoClose: false } : { autoClose: false }),
    close: async () => file.close(),
  };
}

/** Opens a pipe as a socket, since reading a socket can be ended at any moment, and reading a file can't. */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<Input | null> {
  const opening = promisify(openFile)(path, 'r');
  // Opening a pipe to read waits for a writer, and only a writer ends that.
  const beWriter = (): void => {
    open(path, constants.O_WRONLY | constants.O_NONBLOCK).then(
      (writer) => writer.close(),
      () => {},
    );
  };
  signal?.addEventListener('abort', beWriter);
  if (signal?.aborted === true) beWriter();
  const fd = await opening
    .catch((cause: unknown) => {
      throw unreadable(path, cause);
    })
    .finally(() => {
      signal?.removeEventListener('abort', beWriter);
    });
  const socket = new Socket({ fd, readable: true, writable: false });
  if (signal?.aborted === true) {
    socket.destroy();
    return null;
  }
  return {
    name: path,
    isRepeatable: false,
    bytes: () => socket,
    close: async () => {
      socket.destroy();
    },
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
