/**
 * The schema of version 7. A released schema is never edited: a change of it is the next version.
 *
 * It has the tables of version 6, and one for records of the engine that outlive operations: what is known of
 * entities, and conflicts (docs/decisions/0184).
 *
 * @module
 */

import type { KeptRoom } from '../../port/store.ts';
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

export const DDL_V7: readonly string[] = [...DDL_V6, ...KEPT_TABLES];
