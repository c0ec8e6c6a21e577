/**
 * Finds the file that a thread is started with: in the sources, in the package, and beside an app that was
 * made one file.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { BUNDLE_ADVICE, installedPackage, OWN_VERSION, placeOf } from './installed.ts';

/**
 * The file that a thread is started with. All files of the package lie in one folder, so it is beside the
 * file of `here`; where that went into a bundle, it is in the installed package, if that is of the same
 * version. Node runs no TypeScript in a thread, so from the sources (in tests) it is the built one.
 *
 * @param here - `import.meta.url`, which some bundlers empty
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE` where a bundler has left the file behind.
 */
export function threadFile(here: string | undefined, file: string): URL {
  const beside = outsideArchive(besideOf(here, file));
  if (existsSync(beside)) return pathToFileURL(beside);
  const installed = OWN_VERSION === null ? null : installedPackage(here);
  const path =
    installed === null ? beside : outsideArchive(join(dirname(installed.manifest), 'dist', file));
  if (installed !== null && installed.version !== OWN_VERSION) {
    throw new HoldfastError(
      'HF_SQLITE_UNAVAILABLE',
      `The app was bundled with holdfast ${OWN_VERSION}, and ${installed.version} is installed at ` +
        `${dirname(installed.manifest)}, which has the files of its threads. Bundle it again. ${BUNDLE_ADVICE}`,
      { path },
    );
  }
  if (existsSync(path)) return pathToFileURL(path);
  throw new HoldfastError(
    'HF_SQLITE_UNAVAILABLE',
    `The file of a thread of holdfast, ${file}, is not there at ${path}. ${BUNDLE_ADVICE}`,
    { path },
  );
}

function besideOf(here: string | undefined, file: string): string {
  const place = placeOf(here);
  const url = place.endsWith('.ts')
    ? new URL(`../../dist/${file}`, import.meta.url)
    : new URL(`./${file}`, place);
  return fileURLToPath(url);
}

/** Electron packs an app into an archive, `app.asar`; what is unpacked lies beside that, as a real file. */
function outsideArchive(path: string): string {
  const outside = path.replace(/(\.asar)([\\/])/, '$1.unpacked$2');
  return existsSync(outside) ? outside : path;
}
