/**
 * The schema of version 4. A released schema is never edited: a change of it is the next version.
 *
 * It has the tables of version 3, and finds the most urgent of those that wait in a lane: the head of the
 * lane has its rank in `urgency` (docs/decisions/0114). So that is the rank by which a row is handed out;
 * its own is known from what its state says.
 *
 * @module
 */

import {
  COMPONENT_TABLE,
  INTEGRITY_TABLE,
  META_TABLE,
  OPERATION_INDEXES as OPERATION_INDEXES_V3,
  OPERATION_TABLE,
  PAYLOAD_TABLE,
  QUARANTINE_TABLE,
  TALLY_TABLES,
} from './schemaV3.ts';

/** Only those that wait: who is alone in its lane, which is the usual case, costs nothing here. */
export const LANE_RANK_INDEX =
  'CREATE INDEX operation_lane_rank ON operation (lane, urgency) WHERE lane IS NOT NULL AND standing = 3';

export const OPERATION_INDEXES: readonly string[] = [...OPERATION_INDEXES_V3, LANE_RANK_INDEX];

export const DDL_V4: readonly string[] = [
  META_TABLE,
  OPERATION_TABLE,
  PAYLOAD_TABLE,
  COMPONENT_TABLE,
  QUARANTINE_TABLE,
  INTEGRITY_TABLE,
  ...OPERATION_INDEXES,
  ...TALLY_TABLES,
];
