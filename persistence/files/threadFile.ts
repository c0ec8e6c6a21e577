/**
 * Finds the file that a thread is started with, in the sources and in a built package.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** What a program must do that was made one file: threads and native modules stay files. */
export const BUNDLE_ADVICE =
  'In a bundled app mark holdfast and better-sqlite3 as external (esbuild --packages=external; vite: ' +
  'ssr.external or build.rollupOptions.external), and ship them in node_modules beside the bundle.';

/**
 * The file that a thread is started with, from beside the file of `here`: all files of the package lie
 * in one folder. Node runs no TypeScript in a thread, so from the sources (in tests) it is the built one.
 *
 * @param here - `import.meta.url`, which some bundlers empty
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE` where a bundler has left the file behind.
 */
export function threadFile(here: string | undefined, file: string): URL {
  const url = placeOf(here, file);
  if (url !== null && existsSync(fileURLToPath(url))) return url;
  const where = url === null ? '' : ` at ${fileURLToPath(url)}`;
  throw new HoldfastError(
    'HF_SQLITE_UNAVAILABLE',
    `The file of a thread of holdfast, ${file}, is not there${where}. ${BUNDLE_ADVICE}`,
    url === null ? {} : { path: fileURLToPath(url) },
  );
}

function placeOf(here: string | undefined, file: string): URL | null {
  if (typeof here !== 'string') return null;
  if (here.endsWith('.ts')) return new URL(`../../dist/${file}`, import.meta.url);
  return new URL(`./${file}`, here);
}
