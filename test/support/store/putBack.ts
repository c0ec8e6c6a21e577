/**
 * A store's folder that is put back as a whole, and places for it and its anchor.
 *
 * @module
 */

import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './tempFolder.ts';

/** All files of a folder, byte by byte, which can be put back in place, as `cp` does: the store is no copy then. */
export function copied(folder: string): () => void {
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  const before = new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
  return () => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const bytes = before.get(name);
      if (!statSync(path).isFile()) continue;
      if (bytes === undefined) {
        rmSync(path);
        continue;
      }
      const file = openSync(path, 'r+');
      writeSync(file, bytes, 0, bytes.length, 0);
      closeSync(file);
      truncateSync(path, bytes.length);
    }
  };
}

/** Paths for a store, and for its anchor beside it. */
export function places() {
  const root = tempFolder();
  mkdirSync(join(root, 'elsewhere'));
  return { folder: join(root, 'store'), file: join(root, 'elsewhere', 'payments.anchor') };
}
