/**
 * The meaning of the numbers in a store's tables (schemaV1.ts), and the check that a file holds exactly these tables.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Standing, WaitsFor } from '../../port/store.ts';
import { openDatabase } from '../driver/library.ts';
import { DDL_V1, WAITING_TABLES } from './schemaV1.ts';

/** "Hold": the application id of a store's file. */
const APPLICATION_ID = 0x48_6f_6c_64;
/** "Hfst": the application id of stores from before the first release. */
const APPLICATION_ID_BEFORE = 0x48_66_73_74;
/**
 * From the first release on, a change of the tables needs the next version, a step that leads to it
 * (migrations/migrate.ts), and the tables of the version before, kept beside it. Until then it edits version 1.
 */
export const SCHEMA_VERSION = 1;
/** A version that no program ever wrote: it has a step, so that tests run the machinery of migrations. */
export const MADE_UP_VERSION = 0;

/** The number of each {@link Standing} on disk. */
export const STANDING_CODES = {
  settled: 0,
  inHand: 1,
  due: 2,
  held: 3,
  quarantined: 4,
  deadLettered: 5,
} as const satisfies Record<Standing, number>;

/** The number of each {@link WaitsFor} on disk. */
export const WAITS_FOR_CODES = {
  turn: 0,
  lane: 1,
  handler: 2,
  conflict: 3,
  review: 4,
  rate: 5,
  startAt: 6,
} as const satisfies Record<WaitsFor, number>;

/** A count of what waits. */
export interface WaitingRow {
  readonly route: Uint8Array;
  readonly urgency: number;
  readonly waits_for: number;
  readonly operations: number;
}

/** Offset of the reasons to wait in the tally. */
export const TALLIED_WAITS_FROM = 8;

/**
 * Conditions of the partial indexes. SQLite uses such an index only for a query with the same condition and literals,
 * so queries take them from here.
 */
export const IS_DUE = `standing = ${STANDING_CODES.due}`;
export const IS_IN_HAND = `standing = ${STANDING_CODES.inHand}`;
export const IS_NOT_IN_HAND = `standing <> ${STANDING_CODES.inHand}`;
export const IS_HELD = `standing = ${STANDING_CODES.held}`;
export const IS_QUARANTINED = `standing = ${STANDING_CODES.quarantined}`;
export const IS_DEAD_LETTERED = `standing = ${STANDING_CODES.deadLettered}`;
export const IS_SETTLED = `standing = ${STANDING_CODES.settled}`;
/** Rows that wait for their turn, or for the time after a failed attempt. */
export const WAITS_FOR_TURN = `standing = ${STANDING_CODES.due} AND waits_for = ${WAITS_FOR_CODES.turn}`;
/** Rows that wait for anything, counted by route and rank. */
export const IS_WAITING = `standing IN (${STANDING_CODES.due}, ${STANDING_CODES.held})`;
/** Rows that wait for more than their turn and their lane. */
export const IS_ASKING = `waits_for >= ${WAITS_FOR_CODES.handler}`;
/** Rows behind others in their lane, and heads that are not in hand yet or wait for a person. */
export const WAITS_IN_LANE = `lane IS NOT NULL AND standing = ${STANDING_CODES.held}`;
export const CAN_EXPIRE = `expires_at IS NOT NULL AND standing IN (${STANDING_CODES.due}, ${STANDING_CODES.held})`;

const SCHEMA_ROOT_PAGE = 1;

/** The tables of each version that this program reads. */
const SCHEMAS: ReadonlyMap<number, readonly string[]> = new Map([
  [MADE_UP_VERSION, DDL_V1.filter((statement) => !WAITING_TABLES.includes(statement))],
  [SCHEMA_VERSION, DDL_V1],
]);

/** Makes the tables. Call it inside a transaction, so that a crash leaves all or none. */
export function createSchema(db: Database.Database, version: number = SCHEMA_VERSION): void {
  for (const statement of SCHEMAS.get(version) ?? []) db.exec(statement);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${version}`);
}

/** Names of the tables in the file, whatever its version. */
export function tablesOf(db: Database.Database): readonly string[] {
  return db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all();
}

/**
 * The version of the store in the file; `null` while the file is empty. Changes nothing.
 *
 * A hostile or stray object in the file could run on our next write (a trigger) or keep values in
 * the clear (the statistics of ANALYZE), so anything but the exact schema is refused.
 *
 * @throws HoldfastError `HF_STORE_FOREIGN`, `HF_STORE_NEWER`.
 */
export function inspectSchema(db: Database.Database, path: string): number | null {
  const applicationId = db.pragma('application_id', { simple: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  const found = schemaOf(db);
  if (applicationId === 0 && version === 0 && found.size === 0) return null;
  if (applicationId === APPLICATION_ID_BEFORE) {
    throw new HoldfastError(
      'HF_STORE_FOREIGN',
      `The store at ${path} was made before the first release: end its work with the version that made it, ` +
        'then begin a new store. Nothing was changed.',
      { path },
    );
  }
  if (applicationId !== APPLICATION_ID) {
    throw new HoldfastError(
      'HF_STORE_FOREIGN',
      `${path} is a database, but not a holdfast store. Point the store at another folder.`,
      { path },
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new HoldfastError(
      'HF_STORE_NEWER',
      `The store at ${path} has schema version ${version}; this version of holdfast knows ` +
        `up to ${SCHEMA_VERSION}. Nothing was changed: open it with the version that wrote it.`,
      { path },
    );
  }
  const odd = oddity(found, version) ?? misplaced(db);
  if (odd !== null) {
    throw new HoldfastError(
      'HF_STORE_FOREIGN',
      `The store at ${path} has an unexpected schema (${odd}). Something else changed the file; ` +
        'restore it from a backup, or undo that change.',
      { path },
    );
  }
  return version;
}

function oddity(found: ReadonlyMap<string, string>, version: number): string | null {
  if (!SCHEMAS.has(version)) return `no version of holdfast made version ${version}`;
  const expected = expectedSchema(version);
  for (const [name, definition] of found) {
    if (!expected.has(name)) return `${name} is not part of it`;
    if (expected.get(name) !== definition) return `${name} is defined otherwise`;
  }
  for (const name of expected.keys()) if (!found.has(name)) return `${name} is not there`;
  return null;
}

/**
 * Finds a table or index that begins where none can, or where another begins. Finding any other fault means reading it,
 * which is done beside the work (selfChecks.ts).
 */
function misplaced(db: Database.Database): string | null {
  const pages = Number(db.pragma('page_count', { simple: true }));
  const roots = db
    .prepare<[], { name: string; rootpage: number }>(
      "SELECT name, rootpage FROM sqlite_schema WHERE type IN ('table', 'index')",
    )
    .all();
  const taken = new Set<number>([SCHEMA_ROOT_PAGE]);
  for (const { name, rootpage } of roots) {
    if (!(rootpage > 0 && rootpage <= pages) || taken.has(rootpage)) {
      return `${name} does not begin where it should`;
    }
    taken.add(rootpage);
  }
  return null;
}

const expectedSchemas = new Map<number, ReadonlyMap<string, string>>();

/** Read back from a database made on the spot, so that SQLite's own spelling is what is compared. */
function expectedSchema(version: number): ReadonlyMap<string, string> {
  const known = expectedSchemas.get(version);
  if (known !== undefined) return known;
  const db = openDatabase(':memory:');
  try {
    createSchema(db, version);
    const expected = schemaOf(db);
    expectedSchemas.set(version, expected);
    return expected;
  } finally {
    db.close();
  }
}

/** Every object by its type and name, with its table and definition. */
function schemaOf(db: Database.Database): ReadonlyMap<string, string> {
  const objects = db
    .prepare<[], { type: string; name: string; tbl_name: string; sql: string | null }>(
      'SELECT type, name, tbl_name, sql FROM sqlite_schema',
    )
    .all();
  return new Map(
    objects.map(({ type, name, tbl_name, sql }) => [
      `${type} ${name}`,
      JSON.stringify([tbl_name, sql]),
    ]),
  );
}
