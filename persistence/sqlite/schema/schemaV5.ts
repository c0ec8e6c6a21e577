/**
 * The schema of version 5. A released schema is never edited: a change of it is the next version.
 *
 * It has the tables of version 4, and one for the crisis plans of subjects (docs/decisions/0135).
 *
 * @module
 */

import {
  COMPONENT_TABLE,
  INTEGRITY_TABLE,
  META_TABLE,
  OPERATION_TABLE,
  PAYLOAD_TABLE,
  QUARANTINE_TABLE,
  TALLY_TABLES,
} from './schemaV3.ts';
import { OPERATION_INDEXES } from './schemaV4.ts';

/** `subject` is a keyed fingerprint of its own kind: it can't be matched with that of an operation. */
export const CRISIS_PLAN_TABLES: readonly string[] = [
  `CREATE TABLE crisis_plan (
    subject BLOB NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    state BLOB NOT NULL
  ) STRICT`,
  // Few among many: a start reads these and no other.
  'CREATE INDEX crisis_plan_pinned ON crisis_plan (subject) WHERE pinned = 1',
];

export const DDL_V5: readonly string[] = [
  META_TABLE,
  OPERATION_TABLE,
  PAYLOAD_TABLE,
  COMPONENT_TABLE,
  CRISIS_PLAN_TABLES,
  QUARANTINE_TABLE,
  INTEGRITY_TABLE,
  OPERATION_INDEXES,
  TALLY_TABLES,
].flat();
