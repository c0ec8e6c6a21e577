/**
 * The entry file of the writer thread.
 *
 * @module
 */

import { threadFile } from '../../files/packagedFile.ts';

/**
 * The file that the writer thread is started with.
 *
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE` where a bundler has left it behind.
 */
export function writerFile(): URL {
  return threadFile(import.meta.url, 'writerThread.js');
}
