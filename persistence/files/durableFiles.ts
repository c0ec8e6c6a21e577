/**
 * Brings files and names of files to disk, for the writer, which waits for nothing else.
 *
 * @module
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Makes the content of a file durable. */
export function syncFile(path: string): void {
  sync(path, 'r+');
}

/** Makes the names in a folder durable. Windows opens no folders and needs no such call. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') sync(folder, 'r');
}

/** Puts `text` at `path`, mode 0600, all or nothing: after a crash there is the old content or the new. */
export function writeFileWhole(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  // Left by a crash; removed and not reused, so that its mode and links do not carry over.
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 });
  syncFile(temporary);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
