/**
 * The version of the package, as its manifest says.
 *
 * @module
 */

import { createRequire } from 'node:module';

export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('holdfast/package.json');
  return (manifest as { readonly version: string }).version;
}
