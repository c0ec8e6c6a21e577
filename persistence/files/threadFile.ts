/**
 * Starts threads: finds the file of one in the sources, in the package, and beside an app that was made one file.
 *
 * @module
 */

import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { BUNDLE_ADVICE, OWN_VERSION } from './installed.ts';
import { packagedFile } from './packagedFile.ts';

/**
 * The file to start a thread with. Node runs no TypeScript in a thread, so from the sources (in tests) it is the built
 * one.
 *
 * @param here - `import.meta.url`, which some bundlers empty
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE` where a bundler has left the file behind.
 */
export function threadFile(here: string | undefined, file: string): URL {
  const { path, isThere, other } = packagedFile(here, file);
  if (isThere) return pathToFileURL(path);
  if (other !== null) {
    throw new HoldfastError(
      'HF_SQLITE_UNAVAILABLE',
      `The app was bundled with holdfast ${OWN_VERSION}, and ${other.version} is installed at ` +
        `${dirname(other.manifest)}, which has the files of its threads. Bundle it again. ${BUNDLE_ADVICE}`,
      { path },
    );
  }
  throw new HoldfastError(
    'HF_SQLITE_UNAVAILABLE',
    `The file of a thread of holdfast, ${file}, is not there at ${path}. ${BUNDLE_ADVICE}`,
    { path },
  );
}

/** A thread of that file. */
export function startThread(file: URL, options: WorkerOptions): Worker {
  // Written as `new Worker(…)`, Turbopack would bundle the file, which it can't name: every file of the package.
  return Reflect.construct<[URL, WorkerOptions], Worker>(Worker, [
    file,
    { execArgv: [], ...options },
  ]);
}
