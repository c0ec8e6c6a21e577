/**
 * Brings files and names of files to disk, for the writer, which waits for nothing else.
 *
 * @module
 */

import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the content of a file durable. */
export function syncFile(path: string): void {
  sync(path, 'r+');
}

/** Makes the names in a folder durable. Windows opens no folders and needs no such call. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') sync(folder, 'r');
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
