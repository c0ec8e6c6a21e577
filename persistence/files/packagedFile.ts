/**
 * Finds what the package has beside its code: in the sources, in the package, and beside an app that was made
 * one file.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Installed, installedPackage, OWN_VERSION, placeOf } from './installed.ts';

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
