/** Damage to a store's file that leaves it readable, as a disk does it: some bytes of one page. */

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';

const INTERIOR_TABLE_PAGE = 5;
const CELLS_AT = 3;

/** Changes some bytes of a page of the file, which nobody has open. */
function changePage(path: string, page: number, change: (bytes: Buffer) => void): void {
  const db = new Database(path, { readonly: true });
  const size = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const descriptor = openSync(path, 'r+');
  const bytes = Buffer.alloc(size);
  readSync(descriptor, bytes, 0, size, (page - 1) * size);
  change(bytes);
  writeSync(descriptor, bytes, 0, size, (page - 1) * size);
  closeSync(descriptor);
}

/** The page at which a table or index begins. */
function rootOf(path: string, name: string): number {
  const db = new Database(path, { readonly: true });
  try {
    const root = db
      .prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?')
      .pluck()
      .get(name);
    if (root === undefined) throw new Error(`There is no ${name} in ${path}.`);
    return root;
  } finally {
    db.close();
  }
}

/** Hides some operations: the page above them forgets one of the pages below it. */
export function hideRows(path: string): void {
  changePage(path, rootOf(path, 'operation'), (bytes) => {
    if (bytes[0] !== INTERIOR_TABLE_PAGE) throw new Error('There are too few rows for that.');
    bytes.writeUInt16BE(bytes.readUInt16BE(CELLS_AT) - 1, CELLS_AT);
  });
}

/** Makes a whole index, or a table, unreadable. */
export function spoilRoot(path: string, name: string): void {
  changePage(path, rootOf(path, name), (bytes) => {
    bytes[0] = 0xff;
  });
}
