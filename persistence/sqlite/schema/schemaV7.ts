/**
 * The schema of version 7. A released schema is never edited: a change of it is the next version.
 *
 * It has the tables of version 6, one for records of the engine that outlive operations: what is known of
 * entities, and conflicts (docs/decisions/0184), and a count of what waits by route and rank (0242).
 *
 * @module
 */

import type { KeptRoom } from '../../port/store.ts';
import { OPERATION_INDEXES as OPERATION_INDEXES_V4 } from './schemaV4.ts';
import { DDL_V6 } from './schemaV6.ts';

/** The numbers that stand for a {@link KeptRoom} on disk. */
export const KEPT_ROOM_CODES = { entity: 0, conflict: 1 } as const satisfies Record<
  KeptRoom,
  number
>;

/**
 * The conditions of the partial indexes, as queries have to spell them: see schema.ts. An open record is not
 * among those that end.
 */
export const IS_KEPT_OF = {
  entity: `room = ${KEPT_ROOM_CODES.entity}`,
  conflict: `room = ${KEPT_ROOM_CODES.conflict}`,
} as const satisfies Record<KeptRoom, string>;
export const IS_KEPT_OPEN = 'is_open = 1';
export const ENDS = 'keep_until IS NOT NULL AND is_open = 0';

/** `key` is a keyed fingerprint, of its own kind in each room; every column is bound into the seal of `state`. */
export const KEPT_TABLES: readonly string[] = [
  `CREATE TABLE kept (
    seq INTEGER PRIMARY KEY,
    room INTEGER NOT NULL,
    key BLOB NOT NULL,
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
  'CREATE INDEX kept_ending ON kept (keep_until) WHERE keep_until IS NOT NULL AND is_open = 0',
];

/** Those that wait for their turn at an upstream, or after a failed attempt, as they were accepted. */
export const OLDEST_INDEX =
  'CREATE INDEX operation_waiting ON operation (route, urgency, seq) WHERE standing = 2 AND waits_for = 0';

export const OPERATION_INDEXES: readonly string[] = [...OPERATION_INDEXES_V4, OLDEST_INDEX];

/**
 * The file keeps count of the operations that are due or held, by route, rank and what they wait for. Triggers keep
 * it, as they keep the tally; what runs, and what has ended, costs no more than their conditions. A count that comes
 * to nothing is taken away, so that types that are gone leave none.
 */
export const WAITING_TABLES: readonly string[] = [
  OLDEST_INDEX,
  `CREATE TABLE waiting (
    route BLOB NOT NULL,
    urgency INTEGER NOT NULL,
    waits_for INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    PRIMARY KEY (route, urgency, waits_for)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER operation_waits AFTER INSERT ON operation WHEN NEW.standing IN (2, 3) BEGIN
    INSERT INTO waiting VALUES (NEW.route, NEW.urgency, NEW.waits_for, 1)
      ON CONFLICT (route, urgency, waits_for) DO UPDATE SET operations = operations + 1;
  END`,
  `CREATE TRIGGER operation_waits_otherwise AFTER UPDATE OF standing, urgency, waits_for, route ON operation
  WHEN (OLD.standing IN (2, 3) OR NEW.standing IN (2, 3)) AND (
    (OLD.standing IN (2, 3)) <> (NEW.standing IN (2, 3)) OR OLD.urgency <> NEW.urgency
    OR OLD.waits_for <> NEW.waits_for OR OLD.route <> NEW.route
  ) BEGIN
    UPDATE waiting SET operations = operations - 1 WHERE OLD.standing IN (2, 3)
      AND route = OLD.route AND urgency = OLD.urgency AND waits_for = OLD.waits_for;
    INSERT INTO waiting SELECT NEW.route, NEW.urgency, NEW.waits_for, 1 WHERE NEW.standing IN (2, 3)
      ON CONFLICT (route, urgency, waits_for) DO UPDATE SET operations = operations + 1;
  END`,
  `CREATE TRIGGER operation_waited AFTER DELETE ON operation WHEN OLD.standing IN (2, 3) BEGIN
    UPDATE waiting SET operations = operations - 1
      WHERE route = OLD.route AND urgency = OLD.urgency AND waits_for = OLD.waits_for;
  END`,
  `CREATE TRIGGER none_waits AFTER UPDATE OF operations ON waiting WHEN NEW.operations < 1 BEGIN
    DELETE FROM waiting WHERE route = NEW.route AND urgency = NEW.urgency AND waits_for = NEW.waits_for;
  END`,
];

/** Counts what is there: for a file that kept no count yet. */
export const WAITING_COUNTED =
  'INSERT INTO waiting SELECT route, urgency, waits_for, count(*) FROM operation ' +
  'WHERE standing IN (2, 3) GROUP BY route, urgency, waits_for';

export const DDL_V7: readonly string[] = [...DDL_V6, ...KEPT_TABLES, ...WAITING_TABLES];
