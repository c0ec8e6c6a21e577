/**
 * The tables of schema 1. Until the first release a change edits them in place; after it a released schema is never
 * edited, and a change is the next version, with a step that leads to it (migrations/migrate.ts).
 *
 * Everything sensitive is in sealed columns (`state`, `envelope`, `seal`). The plain ones hold what handing out work
 * needs: numbers, random ids and keyed fingerprints, every one bound into the seal of its row (rowSeals.ts).
 *
 * @module
 */

import type { KeptRoom } from '../../port/store.ts';

/** The number of each {@link KeptRoom} on disk. */
export const KEPT_ROOM_CODES = { entity: 0, conflict: 1 } as const satisfies Record<
  KeptRoom,
  number
>;

/** The conditions of the partial indexes over kept records, as queries must spell them: see schema.ts. */
export const IS_KEPT_OF = {
  entity: `room = ${KEPT_ROOM_CODES.entity}`,
  conflict: `room = ${KEPT_ROOM_CODES.conflict}`,
} as const satisfies Record<KeptRoom, string>;
export const IS_KEPT_OPEN = 'is_open = 1';
export const HAS_SUBJECT = 'subject IS NOT NULL';
/** An open record never ends. */
export const ENDS = 'keep_until IS NOT NULL AND is_open = 0';

/**
 * Columns that need a word: `subject` is the keyed fingerprint of the person concerned, null where unknown;
 * `waits_for` is a reason of WAITS_FOR_CODES (schema.ts); `urgency` is the rank by which a row is handed out, and the
 * head of a lane has the rank of the most urgent operation in it (docs/decisions/0114).
 */
const OPERATION_TABLE = `CREATE TABLE operation (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER,
    urgency INTEGER NOT NULL,
    waits_for INTEGER NOT NULL,
    route BLOB NOT NULL,
    subject BLOB,
    lane BLOB,
    idempotency BLOB,
    state BLOB NOT NULL
  ) STRICT`;

export const OPERATION_INDEXES: readonly string[] = [
  'CREATE UNIQUE INDEX operation_idempotency ON operation (idempotency) WHERE idempotency IS NOT NULL',
  // Rows in hand apart: those come and go all the time, and would dirty a page each of what a million rows wait in.
  'CREATE INDEX operation_lane ON operation (lane, seq, standing) WHERE lane IS NOT NULL AND standing <> 1',
  'CREATE INDEX operation_lane_in_hand ON operation (lane, seq) WHERE lane IS NOT NULL AND standing = 1',
  'CREATE INDEX operation_due ON operation (route, urgency, due_at, seq) WHERE standing = 2',
  'CREATE INDEX operation_in_hand ON operation (urgency, seq) WHERE standing = 1',
  'CREATE INDEX operation_held ON operation (seq) WHERE standing = 3',
  'CREATE INDEX operation_quarantined ON operation (seq) WHERE standing = 4',
  'CREATE INDEX operation_expiry ON operation (expires_at, seq) WHERE expires_at IS NOT NULL AND standing IN (2, 3)',
  'CREATE INDEX operation_dead_lettered ON operation (seq) WHERE standing = 5',
  // By the time of the purge; rows of the same instant follow in order of acceptance by themselves.
  'CREATE INDEX operation_settled ON operation (due_at) WHERE standing = 0',
  // What goes on only when somebody acts.
  'CREATE INDEX operation_asking ON operation (waits_for, seq) WHERE waits_for >= 2',
  // Waiting rows only: an operation alone in its lane, the usual case, costs nothing here.
  'CREATE INDEX operation_lane_rank ON operation (lane, urgency) WHERE lane IS NOT NULL AND standing = 3',
  // What waits for its turn at an upstream, or after a failed attempt, in order of acceptance.
  'CREATE INDEX operation_waiting ON operation (route, urgency, seq) WHERE standing = 2 AND waits_for = 0',
  // All of one person, in order of acceptance: for searches, and for whatever reaches all that is held about a person.
  'CREATE INDEX operation_subject ON operation (subject) WHERE subject IS NOT NULL',
];

/** Only large payloads, so that a new state does not rewrite them. Small ones are sealed with the state. */
const PAYLOAD_TABLE = `CREATE TABLE payload (
    seq INTEGER PRIMARY KEY,
    key_id INTEGER NOT NULL,
    envelope BLOB NOT NULL
  ) STRICT`;

/** The columns that a quarantined row was cleared of, so that nothing of it is lost. */
const QUARANTINE_TABLE = `CREATE TABLE quarantine (
    seq INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    standing INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER,
    waits_for INTEGER NOT NULL,
    lane BLOB,
    idempotency BLOB,
    set_aside_at INTEGER
  ) STRICT`;

const META_TABLE = `CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    store_id BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`;

const COMPONENT_TABLE = `CREATE TABLE component (
    tag BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`;

/**
 * For whom crisis mode is on: a row for each person and one for everybody, none for others (docs/decisions/0297).
 * `subject` is a keyed fingerprint of its own kind.
 */
const CRISIS_MODE_TABLE = `CREATE TABLE crisis_mode (
    subject BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`;

/** `subject` is a keyed fingerprint of its own kind: it can't be matched with that of an operation. */
const CRISIS_PLAN_TABLES: readonly string[] = [
  `CREATE TABLE crisis_plan (
    subject BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`,
  // A start reads these few and no others.
  'CREATE INDEX crisis_plan_pinned ON crisis_plan (subject) WHERE pinned = 1',
];

/** The set of all records, by which one that is missing, or an earlier copy, is noticed (SE-6): see recordSet.ts. */
const INTEGRITY_TABLE = `CREATE TABLE integrity (
    node INTEGER PRIMARY KEY,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`;

/**
 * The file keeps count of its operations: `kind` is a standing (0 to 5), or 8 and a reason to wait that asks for
 * somebody. Whatever changes an operation changes the count in the same transaction, so it is right whatever a crash leaves
 * (docs/decisions/0043, 0276).
 */
const TALLY_TABLES: readonly string[] = [
  'CREATE TABLE tally (kind INTEGER PRIMARY KEY, operations INTEGER NOT NULL) STRICT',
  'INSERT INTO tally VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0)',
];

/**
 * Operations by tag; `tag` is a keyed fingerprint. An operation without tags costs an acceptance nothing, and what deletes
 * an operation deletes its tags (docs/decisions/0155, 0276).
 */
const TAG_TABLES: readonly string[] = [
  `CREATE TABLE tagged (
    tag BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tag, seq)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX tagged_seq ON tagged (seq)',
];

/**
 * Records of the engine that outlive operations: entities and conflicts (docs/decisions/0184). `key` is a keyed
 * fingerprint, of its own kind in each room, and `subject` that of the person concerned, of a kind of its own: it can't
 * be matched with that of an operation or a plan. Every column is bound into the seal of `state`.
 */
const KEPT_TABLES: readonly string[] = [
  `CREATE TABLE kept (
    seq INTEGER PRIMARY KEY,
    room INTEGER NOT NULL,
    key BLOB NOT NULL,
    subject BLOB,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    keep_until INTEGER,
    state BLOB NOT NULL,
    UNIQUE (room, key)
  ) STRICT`,
  'CREATE INDEX kept_entity ON kept (seq) WHERE room = 0',
  'CREATE INDEX kept_conflict ON kept (seq) WHERE room = 1',
  'CREATE INDEX kept_open ON kept (room, seq) WHERE is_open = 1',
  // All of one person, room by room, in order of their first writes.
  'CREATE INDEX kept_subject ON kept (subject, room) WHERE subject IS NOT NULL',
  'CREATE INDEX kept_ending ON kept (keep_until) WHERE keep_until IS NOT NULL AND is_open = 0',
];

/**
 * A count of the due and held operations by route, rank and reason to wait, kept as the tally is (docs/decisions/0242,
 * 0276). A count that reaches zero is deleted, so types that are gone leave none.
 */
export const WAITING_TABLES: readonly string[] = [
  `CREATE TABLE waiting (
    route BLOB NOT NULL,
    urgency INTEGER NOT NULL,
    waits_for INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    PRIMARY KEY (route, urgency, waits_for)
  ) STRICT, WITHOUT ROWID`,
];

/**
 * The audit (docs/decisions/0298): entries, which nothing changes or deletes, and the handle of each person in them, by
 * a keyed fingerprint. How many of each there are, and the head of the chain, is in the root of the set of records.
 */
const AUDIT_TABLES: readonly string[] = [
  `CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`,
  `CREATE TABLE audit_person (
    tag BLOB NOT NULL PRIMARY KEY,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`,
];

export const DDL_V1: readonly string[] = [
  META_TABLE,
  OPERATION_TABLE,
  PAYLOAD_TABLE,
  COMPONENT_TABLE,
  CRISIS_MODE_TABLE,
  CRISIS_PLAN_TABLES,
  QUARANTINE_TABLE,
  INTEGRITY_TABLE,
  OPERATION_INDEXES,
  TALLY_TABLES,
  TAG_TABLES,
  KEPT_TABLES,
  WAITING_TABLES,
  AUDIT_TABLES,
].flat();
