/**
 * The port for files beside the database: what the writer does to them, call by call, so that the simulator can delay,
 * fail, tear and forget it. Synchronous, for the writer has a thread of its own and waits for nothing else; it costs one
 * call more each time that crises are spilled, and nothing where none are.
 *
 * @module
 */

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { syncFolder } from './durableFiles.ts';

const FILE_MODE = 0o600;

/** A file that is open for writing. */
export interface OpenFile {
  /** Writes at this position; returns how many bytes of them there was room for. */
  write(bytes: Uint8Array, at: number): number;
  /** Makes what was written durable. */
  sync(): void;
  close(): void;
}

/** Every method throws errors of the file system, with a `code`. */
export interface Files {
  exists(path: string): boolean;
  /** The whole content. */
  read(path: string): Buffer;
  /** Opens a file that is there (`r+`) or makes one, mode 0600, where there is none (`wx`). */
  open(path: string, flags: 'r+' | 'wx'): OpenFile;
  /** Copies a file over whatever is there; the copy is not synced. */
  copy(from: string, to: string): void;
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): void;
}

/** The files of the machine. */
export const machineFiles: Files = {
  exists: existsSync,
  read: (path) => readFileSync(path),
  open: (path, flags) => {
    const descriptor = openSync(path, flags, FILE_MODE);
    return {
      write: (bytes, at) => writeSync(descriptor, bytes, 0, bytes.length, at),
      sync: () => {
        fsyncSync(descriptor);
      },
      close: () => {
        closeSync(descriptor);
      },
    };
  },
  copy: copyFileSync,
  syncFolder,
};
