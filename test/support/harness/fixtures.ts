/**
 * What earlier versions of holdfast left on disk, kept in test/fixtures to be opened by this one.
 *
 * @module
 */

import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

export interface StoreFixture {
  readonly version: number;
  readonly folder: string;
  readonly keyPath: string;
  /** The operations in it, by what they are there for. */
  readonly operations: Readonly<Record<string, { readonly id: string; readonly state: string }>>;
}

/** The schema versions of which there is a store. */
export function storeFixtureVersions(): number[] {
  return readdirSync(new URL('stores/', FIXTURES))
    .map((name) => Number(name.slice(1)))
    .toSorted((a, b) => a - b);
}

/** Puts the store of a version into a folder as its program left it. */
export function placeStoreFixture(version: number, parent: string): StoreFixture {
  const source = new URL(`stores/v${version}/`, FIXTURES);
  const folder = join(parent, 'store');
  const keyPath = join(parent, 'test.key');
  mkdirSync(folder, { mode: 0o700 });
  for (const name of ['data.db', 'keyring.json']) {
    copyFileSync(new URL(name, source), join(folder, name));
    chmodSync(join(folder, name), 0o600);
  }
  copyFileSync(new URL('key.hex', source), keyPath);
  chmodSync(keyPath, 0o600);
  const operations = JSON.parse(
    readFileSync(new URL('operations.json', source), 'utf8'),
  ) as StoreFixture['operations'];
  return { version, folder, keyPath, operations };
}
