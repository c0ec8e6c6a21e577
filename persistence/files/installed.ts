/**
 * The installed package, looked for from where its code runs: its own files, or an app's bundle. Threads and the native
 * module stay files either way.
 *
 * @module
 */

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Advice for a program bundled into one file: threads and native modules stay files. */
export const BUNDLE_ADVICE =
  'In a bundled app mark holdfast and better-sqlite3 as external (esbuild --packages=external; vite: ' +
  'ssr.external or build.rollupOptions.external), and ship them in node_modules beside the bundle.';

/** Put in by bundle.mjs; the sources, and what tests make of them, have none. */
declare const HOLDFAST_VERSION: string | undefined;
/** The version of the code that runs; `null` in the sources. */
export const OWN_VERSION = typeof HOLDFAST_VERSION === 'string' ? HOLDFAST_VERSION : null;

export interface Installed {
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
