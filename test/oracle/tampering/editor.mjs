/**
 * Somebody who can write the files of a store at rest and has no key: makes one drawn edit of a row, an index or a file.
 * It imports nothing of holdfast. The tables and indexes come from sqlite_schema, the files from the folder, so a new one
 * is edited like the others.
 *
 * It is forked, gets orders as messages, and says what it did: which table or file, and every row that is not what it was.
 */

import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

const DATA = 'data.db';
const LOG = 'data.db-wal';
const ROW_KINDS = ['delete', 'putBack', 'swap', 'moveKey', 'changeColumn'];
const FILE_KINDS = ['delete', 'cut', 'zeroEnd', 'putBack'];
/** Keeps a bad draw from being repeated without end. */
const DRAWS_MAX = 200;

/** Numbers that follow from a seed (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, pick: (list) => list[below(list.length)] };
}

function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Tables with their columns and keys, and the columns that an index has; indexes with their statement. */
function schemaOf(db) {
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
    .toSorted();
  const tables = names.map((name) => {
    const columns = db.pragma(`table_info(${quoted(name)})`);
    const keys = columns.filter(({ pk }) => pk > 0).map((column) => column.name);
    const indexed = db
      .pragma(`index_list(${quoted(name)})`)
      .flatMap((index) => db.pragma(`index_info(${quoted(index.name)})`))
      .map((column) => column.name);
    return { name, columns, keys, indexed: [...new Set([...keys, ...indexed])] };
  });
  const indexes = db
    .prepare(
      "SELECT name, tbl_name AS of, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
    )
    .all();
  return { tables, indexes };
}

function filesOf(folder) {
  return readdirSync(folder)
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted();
}

/** Opens the database of a folder; of a copy only to read, so that the copy stays as it is. */
function inDatabase(path, readonly, use) {
  const db = new Database(path, { readonly });
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Uses another copy of the database and its log, which may be opened, since nobody else needs it. */
function inCopy(folder, use) {
  const own = mkdtempSync(join(tmpdir(), 'holdfast-editor-'));
  try {
    for (const name of [DATA, LOG]) {
      if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(own, name));
    }
    return inDatabase(join(own, DATA), false, use);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

const text = (row) =>
  JSON.stringify(row, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value).toString('hex') : value,
  );

/** Every row of a table by its key, as text. */
function rowsByKey(db, { name, keys }) {
  const rows = db.prepare(`SELECT * FROM ${quoted(name)}`).all();
  return new Map(rows.map((row) => [text(keys.map((key) => row[key])), text(row)]));
}

/** Keys of rows that are not what they were. */
function differences(before, after) {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key));
}

/** All that the database of a folder says, damage included; null where it can't be read at all. */
function saysOf(folder) {
  try {
    return inCopy(folder, (db) => {
      const sound = db.pragma('integrity_check', { simple: true });
      const { tables } = schemaOf(db);
      return text([sound, tables.map((table) => [table.name, [...rowsByKey(db, table)]])]);
    });
  } catch {
    return null;
  }
}

function pickRow(db, { name, keys }, random) {
  const rows = db.prepare(`SELECT * FROM ${quoted(name)} ORDER BY ${keys.join(', ')}`).all();
  return rows.length === 0 ? null : random.pick(rows);
}

function where(keys) {
  return keys.map((key) => `${quoted(key)} IS ?`).join(' AND ');
}

function values(row, columns) {
  return columns.map((column) => row[column]);
}

function insert(db, name, row) {
  const columns = Object.keys(row);
  const places = columns.map(() => '?').join(', ');
  db.prepare(
    `INSERT OR REPLACE INTO ${quoted(name)} (${columns.map(quoted).join(', ')}) VALUES (${places})`,
  ).run(...values(row, columns));
}

function update(db, { name, keys }, row, column, value) {
  db.prepare(
    `UPDATE OR REPLACE ${quoted(name)} SET ${quoted(column)} = ? WHERE ${where(keys)}`,
  ).run(value, ...values(row, keys));
}

/** Another value for a column: that of another row, or this one with a change. */
function otherValue(db, table, column, value, random) {
  const other = pickRow(db, table, random)?.[column];
  if (random.below(2) === 0 && other !== undefined && text([other]) !== text([value])) return other;
  if (Buffer.isBuffer(value) && value.length > 0) {
    const changed = Buffer.from(value);
    changed[random.below(changed.length)] ^= 1 << random.below(8);
    return changed;
  }
  if (typeof value === 'number') return random.pick([0, value + 1, value - 1, value * 2 + 3]);
  if (typeof value === 'string') return `${value}x`;
  return random.pick([0, 1, Date.now(), Buffer.alloc(16, 1)]);
}

const ROW_EDITS = {
  delete(db, table, { random }) {
    const row = pickRow(db, table, random);
    if (row === null) return null;
    db.prepare(`DELETE FROM ${quoted(table.name)} WHERE ${where(table.keys)}`).run(
      ...values(row, table.keys),
    );
    return {};
  },
  putBack(db, table, { random, copies }) {
    const copy = random.pick(copies);
    const now = rowsByKey(db, table);
    const earlier = inCopy(copy, (db2) => {
      const rows = db2.prepare(`SELECT * FROM ${quoted(table.name)}`).all();
      return rows.filter((row) => now.get(text(values(row, table.keys))) !== text(row));
    });
    if (earlier.length === 0) return null;
    insert(db, table.name, random.pick(earlier));
    return { copy };
  },
  swap(db, table, { random }) {
    const [one, other] = [pickRow(db, table, random), pickRow(db, table, random)];
    if (one === null || text(one) === text(other)) return null;
    const others = table.columns
      .map(({ name }) => name)
      .filter((name) => !table.keys.includes(name));
    if (others.length === 0) return null;
    const columns = random.below(2) === 0 ? others : [random.pick(others)];
    const gives = (row, from) => ({
      ...row,
      ...Object.fromEntries(columns.map((column) => [column, from[column]])),
    });
    for (const row of [one, other]) {
      db.prepare(`DELETE FROM ${quoted(table.name)} WHERE ${where(table.keys)}`).run(
        ...values(row, table.keys),
      );
    }
    insert(db, table.name, gives(one, other));
    insert(db, table.name, gives(other, one));
    return { columns };
  },
  moveKey(db, table, { random }) {
    const row = pickRow(db, table, random);
    if (row === null) return null;
    const column = random.pick(table.indexed);
    update(db, table, row, column, otherValue(db, table, column, row[column], random));
    return { column };
  },
  changeColumn(db, table, { random }) {
    const row = pickRow(db, table, random);
    const others = table.columns
      .map(({ name }) => name)
      .filter((name) => !table.indexed.includes(name));
    if (row === null || others.length === 0) return null;
    const column = random.pick(others);
    update(db, table, row, column, otherValue(db, table, column, row[column], random));
    return { column };
  },
};

/** Edits rows of one table; null where the draw came to nothing. */
function editRow({ folder, table: wanted, kind, random, copies, keepsLog }) {
  const path = join(folder, DATA);
  const db = new Database(path);
  let done = null;
  let kept = null;
  try {
    const { tables } = schemaOf(db);
    const table = tables.find(({ name }) => name === wanted);
    if (table === undefined) return null;
    const before = rowsByKey(db, table);
    try {
      done = db.transaction(() => ROW_EDITS[kind](db, table, { random, copies }))();
    } catch (error) {
      // The table takes no such row.
      if (!String(error.code).startsWith('SQLITE_')) throw error;
    }
    const rows = differences(before, rowsByKey(db, table));
    if (rows.length === 0) done = null;
    else if (done !== null) done = { ...done, rows: rows.map((key) => JSON.parse(key)) };
    if (keepsLog) kept = [DATA, LOG].map((name) => [name, readIfThere(join(folder, name))]);
  } finally {
    db.close();
  }
  // As a program that was killed leaves them: not folded into the database.
  for (const [name, bytes] of kept ?? []) if (bytes !== null) writeOver(join(folder, name), bytes);
  return done;
}

/** Hides a row from an index: it is written again while the schema does not name that. */
function hideFromIndex({ folder, index: wanted, random }) {
  const path = join(folder, DATA);
  const { index, table } = inDatabase(path, false, (db) => {
    const { tables, indexes } = schemaOf(db);
    const found = indexes.find(({ name }) => name === wanted);
    return { index: found, table: tables.find(({ name }) => name === found?.of) };
  });
  const condition = / WHERE (.*)$/s.exec(index.sql)?.[1] ?? '1';
  const place = inDatabase(path, false, (db) =>
    db.prepare('SELECT * FROM sqlite_schema WHERE name = ?').get(wanted),
  );
  const row = inDatabase(path, false, (db) => {
    const rows = db.prepare(`SELECT * FROM ${quoted(table.name)} WHERE ${condition}`).all();
    if (rows.length === 0) return null;
    const one = random.pick(rows);
    db.prepare(`DELETE FROM ${quoted(table.name)} WHERE ${where(table.keys)}`).run(
      ...values(one, table.keys),
    );
    return one;
  });
  if (row === null) return null;
  const withSchema = (sql, ...bound) => {
    inDatabase(path, false, (db) => {
      db.unsafeMode(true);
      db.pragma('writable_schema = ON');
      db.prepare(sql).run(...bound);
    });
  };
  withSchema('DELETE FROM sqlite_schema WHERE name = ?', wanted);
  inDatabase(path, false, (db) => {
    insert(db, table.name, row);
  });
  withSchema(
    'INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?)',
    ...['type', 'name', 'tbl_name', 'rootpage', 'sql'].map((column) => place[column]),
  );
  return { table: table.name, hidden: JSON.parse(text(values(row, table.keys))) };
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path) : null;
}

/** Writes over a file in place, as `cp` does: it stays the same one. */
function writeOver(path, bytes) {
  const file = openSync(path, existsSync(path) ? 'r+' : 'w', 0o600);
  writeSync(file, bytes, 0, bytes.length, 0);
  ftruncateSync(file, bytes.length);
  closeSync(file);
}

function firstDifference(one, other) {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at += 1) if (one[at] !== other[at]) return at;
  return shorter;
}

function editFile({ folder, file, kind, random, copies }) {
  const path = join(folder, file);
  const before = readIfThere(path);
  const saidBefore = file.startsWith(DATA) ? saysOf(folder) : null;
  const copy = random.pick(copies);
  if (kind === 'putBack') {
    const earlier = readIfThere(join(copy, file));
    if (earlier === null) return null;
    writeOver(path, earlier);
  } else if (before === null) return null;
  else if (kind === 'delete') rmSync(path);
  else if (before.length === 0) return null;
  else {
    const end = random.below(before.length);
    const bytes = kind === 'cut' ? before.subarray(0, end) : Buffer.from(before).fill(0, end);
    writeOver(path, bytes);
  }
  const after = readIfThere(path);
  if (before !== null && after !== null && before.equals(after)) return null;
  const isLog = file.startsWith(DATA);
  const from = firstDifference(before ?? Buffer.alloc(0), after ?? Buffer.alloc(0));
  return {
    ...(kind === 'putBack' ? { copy } : {}),
    bytes: [before?.length ?? 0, after?.length ?? 0],
    // From here on it is not what it was; and whether there was nothing but zeros.
    from,
    wasEmpty: before === null || before.subarray(from).every((byte) => byte === 0),
    // Damage that lies under the log, or behind its end, changes nothing that the database says.
    saysTheSame: isLog && saidBefore !== null && saidBefore === saysOf(folder),
  };
}

/** Everything that may be edited: what is drawn from, and what a campaign has to cover. */
function targetsOf({ folder, copies }) {
  const { tables, indexes } = inCopy(folder, (db) => {
    const schema = schemaOf(db);
    const count = ({ name }) =>
      db
        .prepare(`SELECT count(*) FROM ${quoted(name)}`)
        .pluck()
        .get();
    return { ...schema, tables: schema.tables.map((table) => ({ ...table, rows: count(table) })) };
  });
  const files = new Set([folder, copies.at(-1)].flatMap(filesOf));
  return [
    ...tables.flatMap(({ name, rows }) => ROW_KINDS.map((kind) => ({ table: name, kind, rows }))),
    ...indexes.map(({ name, of }) => ({ index: name, table: of, kind: 'hide' })),
    ...[...files].flatMap((file) => FILE_KINDS.map((kind) => ({ file, kind }))),
  ];
}

function edit({ folder, copies, seed, target }) {
  const random = randomOf(seed);
  const keepsLog = random.below(2) === 0;
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const order = { ...target, folder, copies, random, keepsLog };
    let done;
    if (target.file !== undefined) done = editFile(order);
    else if (target.index !== undefined) done = hideFromIndex(order);
    else done = editRow(order);
    if (done !== null) return { ...target, rows: [], seed, ...done };
  }
  return null;
}

const ORDERS = { targets: targetsOf, edit };

process.on('message', ({ number, order, ...rest }) => {
  try {
    process.send({ number, answer: ORDERS[order](rest) });
  } catch (error) {
    process.send({ number, failed: `${error.stack}` });
  }
});
process.on('disconnect', () => process.exit(0));
