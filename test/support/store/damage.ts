/**
 * Damage to a store's file that leaves it readable, as a disk does it: some bytes of one page.
 *
 * @module
 */

import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
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

const LEAF_TABLE_PAGE = 13;
const LEAF_HEAD_BYTES = 8;

/** How SQLite says that a column holds 16 bytes, or 16 bytes of text. */
const BYTES_16 = 44;
const TEXT_16 = 45;

/**
 * Changes a byte in the head of an operation's row: how long that is, so that the columns can't be
 * told apart, or what kind of value its id is.
 */
export function spoilRow(path: string, id: string, what: 'length' | 'kind'): void {
  const bytes = readFileSync(path);
  const db = new Database(path, { readonly: true });
  const size = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const wanted = Buffer.from(id.replaceAll('-', ''), 'hex');
  for (let start = 0; start < bytes.length; start += size) {
    if (bytes[start] !== LEAF_TABLE_PAGE) continue;
    for (let cell = 0; cell < bytes.readUInt16BE(start + CELLS_AT); cell += 1) {
      let at = start + bytes.readUInt16BE(start + LEAF_HEAD_BYTES + 2 * cell);
      for (let varint = 0; varint < 2; varint += 1) {
        while (bytes.readUInt8(at) >= 0x80) at += 1;
        at += 1;
      }
      const idAt = bytes.indexOf(wanted, at);
      if (idAt < 0 || idAt > at + 64) continue;
      if (what === 'length') bytes[at] = 0x7f;
      else bytes[bytes.indexOf(BYTES_16, at)] = TEXT_16;
      writeFileSync(path, bytes);
      return;
    }
  }
  throw new Error(`There is no row ${id} in ${path}.`);
}

/** Makes an index from a condition that leaves rows out, and then has the schema say what it said before. */
export function hideFrom(index: string, where: string): (db: Database.Database) => void {
  return (db) => {
    db.unsafeMode();
    const schema = db.prepare<[string], string>('SELECT sql FROM sqlite_schema WHERE name = ?');
    const text = schema.pluck().get(index) ?? '';
    db.exec(`DROP INDEX ${index}`);
    db.exec(`${text} AND ${where}`);
    db.pragma('writable_schema = ON');
    db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(text, index);
    db.pragma('writable_schema = RESET');
  };
}
