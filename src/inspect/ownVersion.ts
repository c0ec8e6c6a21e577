/**
 * The version of holdfast that runs here, for a viewer that may have another one.
 *
 * @module
 */

import { createRequire } from 'node:module';

/** `unknown` where the package is bundled into an app, without its manifest. */
export function ownVersion(): string {
  try {
    const manifest: unknown = createRequire(import.meta.url)('holdfast/package.json');
    return (manifest as { readonly version: string }).version;
  } catch {
    return 'unknown';
  }
}
