/**
 * Finds what the package has beside its code: in the sources, in the package, and beside an app that was made
 * one file.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** Advice for a program bundled into one file: threads and native modules stay files. */
export const BUNDLE_ADVICE =
  'In a bundled app mark holdfast and better-sqlite3 as external (esbuild --packages=external; vite: ' +
  'ssr.external or build.rollupOptions.external), and ship them in node_modules beside the bundle.';

/** Put in by bundle.mjs; the sources, and what tests make of them, have none. */
declare const HOLDFAST_VERSION: string | undefined;
/** The version of the code that runs; `null` in the sources. */
export const OWN_VERSION = typeof HOLDFAST_VERSION === 'string' ? HOLDFAST_VERSION : null;

interface Installed {
  /** The path of its package.json. */
  readonly manifest: string;
  readonly version: string;
}

/**
 * The installed package; `null` if it is not found.
 *
 * @param here - `import.meta.url`, which some bundlers empty
 */
export function installedPackage(here: string | undefined): Installed | null {
  const find = createRequire(placeOf(here));
  try {
    const manifest = find.resolve('holdfast/package.json');
    const { version } = find(manifest) as { readonly version: string };
    return { manifest, version };
  } catch {
    return null;
  }
}

/** A file or folder from which to look for packages. */
export function placeOf(here: string | undefined): string {
  if (typeof here === 'string') return here;
  // In a CommonJS bundle Node names the file so; else only the program's place is known.
  return typeof __filename === 'string'
    ? pathToFileURL(__filename).href
    : pathToFileURL(`${process.cwd()}/`).href;
}

export interface PackagedFile {
  /** The path, or where the file should be. */
  readonly path: string;
  readonly isThere: boolean;
  /** The installed package if its version differs from the running code: its files don't fit. */
  readonly other: Installed | null;
}

/**
 * A file or folder of the package. All are in one folder, so it is beside the file of `here`; if that was bundled, it
 * is in the installed package of the same version. From the sources (in tests) it is the built one, found by the
 * package's own name. No place is written as `new URL('…', import.meta.url)`: bundlers would take that for a file to
 * bundle.
 *
 * @param here - `import.meta.url`, which some bundlers empty
 * @param isIt - whether what is at this path is the one that is meant
 */
export function packagedFile(
  here: string | undefined,
  file: string,
  isIt: (path: string) => boolean = existsSync,
): PackagedFile {
  const beside = outsideArchive(besideOf(here, file));
  if (isIt(beside)) return { path: beside, isThere: true, other: null };
  const installed = installedPackage(here);
  if (installed === null) return { path: beside, isThere: false, other: null };
  const path = outsideArchive(join(dirname(installed.manifest), 'dist', file));
  const isOther = OWN_VERSION !== null && installed.version !== OWN_VERSION;
  const other = isOther ? installed : null;
  return { path, isThere: other === null && isIt(path), other };
}

function besideOf(here: string | undefined, file: string): string {
  return fileURLToPath(new URL(`./${file}`, placeOf(here)));
}

/** Electron packs an app into an archive, `app.asar`; unpacked files are beside it, as real files. */
function outsideArchive(path: string): string {
  const outside = path.replace(/(\.asar)([\\/])/, '$1.unpacked$2');
  return existsSync(outside) ? outside : path;
}

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
