/**
 * The schema of version 2, as holdfast 0.1 made it before payloads were bound to their operations. A
 * released schema is never edited: files of it are out there, and one is only taken for a store if it
 * holds exactly this.
 *
 * @module
 */

import { TALLY_DDL } from './tallyKept.ts';

export const DDL_V2: readonly string[] = [
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
  'CREATE TABLE payload (seq INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT',
  `CREATE TABLE component (
    tag BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`,
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
  'CREATE INDEX operation_due ON operation (route, urgency, due_at, seq) WHERE standing = 2',
  'CREATE INDEX operation_in_hand ON operation (urgency, seq) WHERE standing = 1',
  'CREATE INDEX operation_held ON operation (seq) WHERE standing = 3',
  'CREATE INDEX operation_quarantined ON operation (seq) WHERE standing = 4',
  'CREATE INDEX operation_expiry ON operation (expires_at, seq) WHERE expires_at IS NOT NULL AND standing IN (2, 3)',
  'CREATE INDEX operation_dead_lettered ON operation (seq) WHERE standing = 5',
  'CREATE INDEX operation_settled ON operation (due_at) WHERE standing = 0',
  ...TALLY_DDL,
];
