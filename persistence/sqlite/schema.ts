/**
 * The tables of a store's file, and the check that a file holds exactly these and nothing else.
 *
 * Everything sensitive is in sealed columns (`state`, `envelope`). The plain ones hold what handing
 * out work needs: numbers, random ids and keyed fingerprints, and every one is bound into the seal
 * of its row (rowSeals.ts).
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing } from '../store.ts';
import { openDatabase } from './library.ts';
import { DDL_V1 } from './migrations/schemaV1.ts';
import { TALLY_DDL } from './migrations/tallyKept.ts';

/** "Hfst": tells a store from any other SQLite file. */
export const APPLICATION_ID = 0x48667374;
/**
 * A change of the tables needs the next version, a step that brings the one before to it
 * (migrations/migrate.ts), and the old one kept beside it. A test holds each version to its tables.
 */
export const SCHEMA_VERSION = 2;

/** The numbers that stand for a {@link Standing} on disk. */
export const STANDING_CODES = {
  settled: 0,
  inHand: 1,
  due: 2,
  held: 3,
  quarantined: 4,
  deadLettered: 5,
} as const satisfies Record<Standing, number>;

/**
 * The conditions of the partial indexes. SQLite uses such an index only for a query whose text has
 * the same condition with the same literals, so queries take them from here.
 */
export const IS_DUE = `standing = ${STANDING_CODES.due}`;
export const IS_IN_HAND = `standing = ${STANDING_CODES.inHand}`;
export const IS_HELD = `standing = ${STANDING_CODES.held}`;
export const IS_QUARANTINED = `standing = ${STANDING_CODES.quarantined}`;
export const IS_DEAD_LETTERED = `standing = ${STANDING_CODES.deadLettered}`;
export const IS_SETTLED = `standing = ${STANDING_CODES.settled}`;
export const CAN_EXPIRE = `expires_at IS NOT NULL AND standing IN (${STANDING_CODES.due}, ${STANDING_CODES.held})`;

const DDL: readonly string[] = [
  `CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    store_id BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`,
  `CREATE TABLE operation (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER,
    urgency INTEGER NOT NULL,
    route BLOB NOT NULL,
    lane BLOB,
    idempotency BLOB,
    state BLOB NOT NULL
  ) STRICT`,
  // Only the large ones: so a new state does not rewrite them. Small ones are sealed with the state.
  'CREATE TABLE payload (seq INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT',
  `CREATE TABLE component (
    tag BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`,
  // What a quarantined row held in the columns it was cleared of, so that nothing of it is lost.
  `CREATE TABLE quarantine (
    seq INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    standing INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER,
    lane BLOB,
    idempotency BLOB,
    set_aside_at INTEGER
  ) STRICT`,
  'CREATE UNIQUE INDEX operation_idempotency ON operation (idempotency) WHERE idempotency IS NOT NULL',
  'CREATE INDEX operation_lane ON operation (lane, seq) WHERE lane IS NOT NULL',
  `CREATE INDEX operation_due ON operation (route, urgency, due_at, seq) WHERE ${IS_DUE}`,
  `CREATE INDEX operation_in_hand ON operation (urgency, seq) WHERE ${IS_IN_HAND}`,
  `CREATE INDEX operation_held ON operation (seq) WHERE ${IS_HELD}`,
  `CREATE INDEX operation_quarantined ON operation (seq) WHERE ${IS_QUARANTINED}`,
  `CREATE INDEX operation_expiry ON operation (expires_at, seq) WHERE ${CAN_EXPIRE}`,
  `CREATE INDEX operation_dead_lettered ON operation (seq) WHERE ${IS_DEAD_LETTERED}`,
  // By when it may be purged; those of the same instant follow in order of acceptance by themselves.
  `CREATE INDEX operation_settled ON operation (due_at) WHERE ${IS_SETTLED}`,
  ...TALLY_DDL,
];

/** What a file of each version that this program reads holds. */
const SCHEMAS: ReadonlyMap<number, readonly string[]> = new Map([
  [1, DDL_V1],
  [SCHEMA_VERSION, DDL],
]);

/** Makes the tables. Call it inside a transaction, so that a crash leaves all or none. */
export function createSchema(db: Database.Database, version: number = SCHEMA_VERSION): void {
  for (const statement of SCHEMAS.get(version) ?? []) db.exec(statement);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${version}`);
}

/**
 * The version of the store in the file, 0 while it is still empty. Changes nothing.
 *
 * A hostile or stray object in the file could run on our next write (a trigger) or keep values in
 * the clear (the statistics of ANALYZE), so anything but the exact schema is refused.
 *
 * @throws HoldfastError `HF_STORE_FOREIGN`, `HF_STORE_NEWER`.
 */
export function inspectSchema(db: Database.Database, path: string): number {
  const applicationId = db.pragma('application_id', { simple: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  const found = schemaOf(db);
  if (applicationId === 0 && version === 0 && found.size === 0) return 0;
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
  const odd = oddity(found, version);
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

/** Read back from a database made on the spot, so that SQLite's own spelling is what is compared. */
function expectedSchema(version: number): ReadonlyMap<string, string> {
  const db = openDatabase(':memory:');
  try {
    createSchema(db, version);
    return schemaOf(db);
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
