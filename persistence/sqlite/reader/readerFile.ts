/**
 * The entry file of the reader thread.
 *
 * @module
 */

import { threadFile } from '../../files/packagedFile.ts';

/**
 * The file that the reader thread is started with.
 *
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE` where a bundler has left it behind.
 */
export function readerFile(): URL {
  return threadFile(import.meta.url, 'readerThread.js');
}
