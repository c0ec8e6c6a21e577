/**
 * The schema of version 3. A released schema is never edited: a change of it is the next version.
 *
 * Everything sensitive is in sealed columns (`state`, `envelope`, `seal`). The plain ones hold what
 * handing out work needs: numbers, random ids and keyed fingerprints, and every one of an operation is
 * bound into the seal of its row (rowSeals.ts).
 *
 * @module
 */

export const META_TABLE = `CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    store_id BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`;

/**
 * `subject` is the keyed fingerprint of whom the operation concerns, for keys of their own to come; null
 * where that is not known. `waits_for` is a reason of WAITS_FOR_CODES (schema.ts).
 */
export const OPERATION_TABLE = `CREATE TABLE operation (
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

/** Only the large ones: so a new state does not rewrite them. Small ones are sealed with the state. */
export const PAYLOAD_TABLE =
  'CREATE TABLE payload (seq INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT';

export const COMPONENT_TABLE = `CREATE TABLE component (
    tag BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`;

/** What a quarantined row held in the columns it was cleared of, so that nothing of it is lost. */
export const QUARANTINE_TABLE = `CREATE TABLE quarantine (
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

/**
 * Room for sums over the rows that tell when one is missing or was exchanged for an earlier one (SE-6).
 * Nothing uses it yet: it is here so that records need not be migrated again for it.
 */
export const INTEGRITY_TABLE = `CREATE TABLE integrity (
    bucket INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT`;

export const OPERATION_INDEXES: readonly string[] = [
  'CREATE UNIQUE INDEX operation_idempotency ON operation (idempotency) WHERE idempotency IS NOT NULL',
  'CREATE INDEX operation_lane ON operation (lane, seq) WHERE lane IS NOT NULL',
  'CREATE INDEX operation_due ON operation (route, urgency, due_at, seq) WHERE standing = 2',
  'CREATE INDEX operation_in_hand ON operation (urgency, seq) WHERE standing = 1',
  'CREATE INDEX operation_held ON operation (seq) WHERE standing = 3',
  'CREATE INDEX operation_quarantined ON operation (seq) WHERE standing = 4',
  'CREATE INDEX operation_expiry ON operation (expires_at, seq) WHERE expires_at IS NOT NULL AND standing IN (2, 3)',
  'CREATE INDEX operation_dead_lettered ON operation (seq) WHERE standing = 5',
  // By when it may be purged; those of the same instant follow in order of acceptance by themselves.
  'CREATE INDEX operation_settled ON operation (due_at) WHERE standing = 0',
  // What goes on only when somebody does something.
  'CREATE INDEX operation_asking ON operation (waits_for, seq) WHERE waits_for >= 2',
];

/**
 * The file keeps count of its operations: `kind` is a standing (0 to 5), or 8 and a reason to wait that
 * asks for somebody (2 to 4, and room for more). Triggers keep it, so whatever writes to an operation, and whatever a
 * crash leaves of it, the count is of what is there (docs/decisions/0043).
 */
export const TALLY_TABLES: readonly string[] = [
  'CREATE TABLE tally (kind INTEGER PRIMARY KEY, operations INTEGER NOT NULL) STRICT',
  'INSERT INTO tally VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (15, 0)',
  `CREATE TRIGGER operation_added AFTER INSERT ON operation BEGIN
    UPDATE tally SET operations = operations + 1 WHERE kind IN (NEW.standing, 8 + NEW.waits_for);
  END`,
  `CREATE TRIGGER operation_moved AFTER UPDATE OF standing, waits_for ON operation
  WHEN OLD.standing <> NEW.standing OR OLD.waits_for <> NEW.waits_for BEGIN
    UPDATE tally SET operations = operations - 1 WHERE kind IN (OLD.standing, 8 + OLD.waits_for);
    UPDATE tally SET operations = operations + 1 WHERE kind IN (NEW.standing, 8 + NEW.waits_for);
  END`,
  `CREATE TRIGGER operation_removed AFTER DELETE ON operation BEGIN
    UPDATE tally SET operations = operations - 1 WHERE kind IN (OLD.standing, 8 + OLD.waits_for);
  END`,
];

export const DDL_V3: readonly string[] = [
  META_TABLE,
  OPERATION_TABLE,
  PAYLOAD_TABLE,
  COMPONENT_TABLE,
  QUARANTINE_TABLE,
  INTEGRITY_TABLE,
  ...OPERATION_INDEXES,
  ...TALLY_TABLES,
];
