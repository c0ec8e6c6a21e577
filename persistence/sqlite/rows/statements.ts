/**
 * Every query of the store's tables, prepared once a connection; statements that change rows are in mutations/. Queries
 * that hand out work take the conditions of the partial indexes from the schema; a test holds each to its query plan.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { ENVELOPE_BYTES_MAX } from '../../sealing/envelope.ts';
import {
  CAN_EXPIRE,
  IS_DEAD_LETTERED,
  IS_DUE,
  IS_HELD,
  IS_IN_HAND,
  IS_NOT_IN_HAND,
  IS_QUARANTINED,
  IS_SETTLED,
  WAITS_FOR_TURN,
  WAITS_IN_LANE,
} from '../schema/schema.ts';
import { ENDS, HAS_SUBJECT, IS_KEPT_OF, IS_KEPT_OPEN } from '../schema/schemaV1.ts';

/** A blob larger than any envelope is read as an empty one, which opens no more than it would. */
const readable = (blob: string): string =>
  `CASE WHEN length(${blob}) <= ${ENVELOPE_BYTES_MAX} THEN ${blob} ELSE x'' END`;
const PLAIN_COLUMNS =
  'seq, id, revision, key_id, standing, due_at, expires_at, urgency, waits_for, route, subject, lane, idempotency';
const STATE = `${readable('state')} AS state`;
export const COLUMNS = `${PLAIN_COLUMNS}, ${STATE}`;
const PAYLOAD =
  `(SELECT ${readable('envelope')} FROM payload WHERE payload.seq = operation.seq) AS payload, ` +
  '(SELECT key_id FROM payload WHERE payload.seq = operation.seq) AS payload_key_id';
export const NO_PAYLOAD = 'NULL AS payload, NULL AS payload_key_id';
const ROW = `SELECT ${COLUMNS}, ${PAYLOAD} FROM operation`;
const ROW_WITHOUT_PAYLOAD = `SELECT ${COLUMNS}, ${NO_PAYLOAD} FROM operation`;
const CRISIS_PLAN = `subject, revision, key_id, pinned, ${STATE}`;
const KEPT = `seq, room, key, subject, revision, key_id, is_open, keep_until, ${STATE}`;
/** Excludes edited numbers beyond the exact integers, which name no row and would be found for ever. */
const IN_RANGE = `seq BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}`;
/** The numbers of a page, from its index alone. */
const keptPage = (order: 'newest' | 'oldest', index: string, where: string): string =>
  `SELECT seq FROM kept INDEXED BY ${index} WHERE ${where} AND ${IN_RANGE} AND ` +
  (order === 'newest' ? 'seq < ? ORDER BY seq DESC LIMIT ?' : 'seq > ? ORDER BY seq LIMIT ?');
const LISTED = 'seq > ? ORDER BY seq LIMIT ?';
/** The seqs of a {@link PassOver}, as JSON. */
const NOT_PASSED_OVER = 'seq NOT IN (SELECT value FROM json_each(?))';

/** The two indexes of lanes: of rows that wait in one, which may be many, and of rows in hand, which are few. */
const LANE_INDEXES = [
  ['operation_lane', IS_NOT_IN_HAND],
  ['operation_lane_in_hand', IS_IN_HAND],
] as const;
/** Rows of a lane in order of acceptance, from both indexes. */
const ofLane = (select: string, where: string): string =>
  LANE_INDEXES.map(
    ([index, isThere]) =>
      `${select} FROM operation INDEXED BY ${index} WHERE ${isThere} AND lane = ? AND ${where}`,
  ).join(' UNION ALL ');
const NO_SEQ = '9223372036854775807';
/** The number of the first row of a lane; each parameter comes once for each index. */
const firstOfLane = (where: string): string => {
  const firsts = LANE_INDEXES.map(
    ([index, isThere]) =>
      `coalesce((SELECT seq FROM operation INDEXED BY ${index} ` +
      `WHERE ${isThere} AND lane = ?${where} ORDER BY seq LIMIT 1), ${NO_SEQ})`,
  );
  return `min(${firsts.join(', ')})`;
};
const IS_FREED_HEAD = [
  'lane IS NOT NULL',
  ...LANE_INDEXES.map(
    ([index, isThere]) =>
      `NOT EXISTS (SELECT 1 FROM operation AS ahead INDEXED BY ${index} ` +
      `WHERE ahead.${isThere} AND ahead.lane = operation.lane AND ahead.seq < operation.seq)`,
  ),
].join(' AND ');

/** The text of each query, by its purpose. */
export const SQL = {
  componentRevision: 'SELECT revision FROM component WHERE tag = ?',
  component: 'SELECT tag, revision, key_id, state FROM component WHERE tag = ?',
  auditFrom: 'SELECT seq, key_id, seal FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?',
  auditLatest: 'SELECT seq, key_id, seal FROM audit ORDER BY seq DESC LIMIT ?',
  auditSize: 'SELECT coalesce(max(seq) + 1, 0) FROM audit',
  auditCount: 'SELECT count(*) FROM audit',
  auditPerson: 'SELECT key_id, seal FROM audit_person WHERE tag = ?',
  auditPeople: 'SELECT count(*) FROM audit_person',
  auditPeopleFrom: 'SELECT tag, key_id, seal FROM audit_person WHERE rowid > ? AND rowid <= ?',
  components: 'SELECT tag, revision, key_id, state FROM component',
  crisisModes: `SELECT subject, revision, key_id, ${STATE} FROM crisis_mode`,
  crisisModeRevision: 'SELECT revision FROM crisis_mode WHERE subject = ?',
  crisisPlan: `SELECT ${CRISIS_PLAN} FROM crisis_plan WHERE subject = ?`,
  pinnedCrisisPlans: `SELECT ${CRISIS_PLAN} FROM crisis_plan WHERE pinned = 1`,
  crisisPlanPage: `SELECT rowid AS place, ${CRISIS_PLAN} FROM crisis_plan WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  anyCrisisPlan: 'SELECT 1 FROM crisis_plan LIMIT 1',
  quarantineCode: 'SELECT code FROM quarantine WHERE seq = ?',
  crisisPlanSubjects: 'SELECT subject FROM crisis_plan',
  kept: `SELECT ${KEPT} FROM kept WHERE room = ? AND key = ?`,
  keptBySeq: `SELECT ${KEPT} FROM kept WHERE seq = ?`,
  nextKeptSeq: `SELECT coalesce(max(seq), 0) + 1 FROM kept WHERE seq < ${Number.MAX_SAFE_INTEGER}`,
  keptEntitiesNewest: keptPage('newest', 'kept_entity', IS_KEPT_OF.entity),
  keptEntitiesOldest: keptPage('oldest', 'kept_entity', IS_KEPT_OF.entity),
  keptConflictsNewest: keptPage('newest', 'kept_conflict', IS_KEPT_OF.conflict),
  keptConflictsOldest: keptPage('oldest', 'kept_conflict', IS_KEPT_OF.conflict),
  keptOpenNewest: keptPage('newest', 'kept_open', `${IS_KEPT_OPEN} AND room = ?`),
  keptOpenOldest: keptPage('oldest', 'kept_open', `${IS_KEPT_OPEN} AND room = ?`),
  keptOfSubjectNewest: keptPage('newest', 'kept_subject', 'subject = ? AND room = ?'),
  keptOfSubjectOldest: keptPage('oldest', 'kept_subject', 'subject = ? AND room = ?'),
  keptEntityCount: `SELECT count(*) FROM kept INDEXED BY kept_entity WHERE ${IS_KEPT_OF.entity}`,
  keptConflictCount: `SELECT count(*) FROM kept INDEXED BY kept_conflict WHERE ${IS_KEPT_OF.conflict}`,
  // Whether the indexes that a page is not read by find a record.
  keptIsOpen: `SELECT 1 FROM kept INDEXED BY kept_open WHERE ${IS_KEPT_OPEN} AND room = ? AND seq = ?`,
  keptHasSubject: `SELECT 1 FROM kept INDEXED BY kept_subject WHERE ${HAS_SUBJECT} AND subject = ? AND room = ? AND seq = ?`,
  keptIsEnding: `SELECT 1 FROM kept INDEXED BY kept_ending WHERE ${ENDS} AND keep_until = ? AND seq = ?`,
  keptRows: 'SELECT count(*) FROM kept NOT INDEXED WHERE room = ?',
  unpinnedPlan:
    'SELECT 1 FROM crisis_plan NOT INDEXED WHERE pinned = 1 AND NOT EXISTS (SELECT 1 FROM crisis_plan AS found ' +
    'INDEXED BY crisis_plan_pinned WHERE found.pinned = 1 AND found.subject = crisis_plan.subject) LIMIT 1',
  keptOpenCount: `SELECT count(*) FROM kept INDEXED BY kept_open WHERE ${IS_KEPT_OPEN} AND room = ?`,
  keptEnding:
    `SELECT seq FROM kept INDEXED BY kept_ending WHERE ${ENDS} AND keep_until <= ? AND ${IN_RANGE} AND ${NOT_PASSED_OVER} ` +
    'ORDER BY keep_until, seq LIMIT ?',
  nextKeptEndingAt:
    `SELECT keep_until FROM kept INDEXED BY kept_ending WHERE ${ENDS} AND ${IN_RANGE} AND ${NOT_PASSED_OVER} ` +
    'ORDER BY keep_until, seq LIMIT 1',
  mark: 'SELECT store_id, key_id, seal FROM meta',

  bySeq: `${ROW} WHERE seq = ?`,
  byId: `${ROW} WHERE id = ?`,
  byIdempotency: `${ROW} WHERE idempotency = ?`,
  seqMax: 'SELECT max(seq) FROM operation',
  anotherInLane: `${ofLane('SELECT 1', 'seq <> ?')} LIMIT 1`,
  laneHead: `SELECT seq, id, urgency FROM operation WHERE seq = ${firstOfLane(' AND seq <> ?')}`,
  moreUrgentInLane: `${ROW_WITHOUT_PAYLOAD} WHERE ${WAITS_IN_LANE} AND lane = ? AND urgency < ? ORDER BY urgency, seq LIMIT 1`,
  inLane: `${ofLane(`SELECT ${COLUMNS}, ${PAYLOAD}`, `seq > ? AND ${NOT_PASSED_OVER}`)} ORDER BY seq LIMIT ?`,
  inLaneSeqs: `${ofLane('SELECT seq', 'seq > ?')} ORDER BY seq LIMIT ?`,
  headOfLane: `${ROW} WHERE seq = ${firstOfLane('')}`,

  due: `${ROW} WHERE ${IS_DUE} AND route = ? AND urgency = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
  dueButSome:
    `${ROW} WHERE ${IS_DUE} AND route = ? AND urgency = ? AND due_at <= ? AND ${NOT_PASSED_OVER} ` +
    'ORDER BY due_at, seq LIMIT ?',
  // Rows of some subjects, or of all others; due at any time, so that the next one is known too.
  dueOfSubjects:
    `${ROW} WHERE ${IS_DUE} AND route = ? AND urgency = ? AND due_at <= ? AND ${NOT_PASSED_OVER} ` +
    "AND (coalesce(subject, x'') IN (SELECT unhex(value) FROM json_each(?))) = ? ORDER BY due_at, seq LIMIT ?",
  dueSeqs: `SELECT seq FROM operation WHERE ${IS_DUE} AND route = ? AND urgency = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
  // The next rank of a route in which it has rows, due whenever, and the first of them.
  firstDueAfter:
    `SELECT urgency, due_at, seq FROM operation WHERE ${IS_DUE} AND route = ? AND urgency > ? ` +
    'AND due_at IS NOT NULL ORDER BY urgency, due_at, seq LIMIT 1',
  firstDueAfterButSome:
    `SELECT urgency, due_at, seq FROM operation WHERE ${IS_DUE} AND route = ? AND urgency > ? ` +
    `AND due_at IS NOT NULL AND ${NOT_PASSED_OVER} ORDER BY urgency, due_at, seq LIMIT 1`,
  dueHeads:
    `SELECT due_at, seq FROM operation WHERE ${IS_DUE} AND route = ? AND urgency = ? AND due_at IS NOT NULL ` +
    'ORDER BY due_at, seq LIMIT ? OFFSET ?',
  dueHeadsButSome:
    `SELECT due_at, seq FROM operation WHERE ${IS_DUE} AND route = ? AND urgency = ? AND due_at IS NOT NULL ` +
    `AND ${NOT_PASSED_OVER} ORDER BY due_at, seq LIMIT ? OFFSET ?`,
  nextDueRoute: `SELECT route FROM operation WHERE ${IS_DUE} AND route > ? ORDER BY route LIMIT 1`,
  // Urgency by urgency: SQLite seeks by the first of (urgency, seq) > (?, ?) only.
  inHand: `${ROW} WHERE ${IS_IN_HAND} AND urgency = ? AND seq > ? ORDER BY seq LIMIT ?`,
  inHandButSome: `${ROW} WHERE ${IS_IN_HAND} AND urgency = ? AND seq > ? AND ${NOT_PASSED_OVER} ORDER BY seq LIMIT ?`,
  inHandSeqs: `SELECT seq FROM operation WHERE ${IS_IN_HAND} AND urgency = ? AND seq > ? ORDER BY seq LIMIT ?`,
  nextInHandUrgency: `SELECT urgency FROM operation WHERE ${IS_IN_HAND} AND urgency > ? ORDER BY urgency LIMIT 1`,
  // In stretches of held rows: a search for the next head alone could pass a million of them.
  heldStretchEnd: `SELECT max(seq) FROM (SELECT seq FROM operation WHERE ${IS_HELD} AND seq > ? ORDER BY seq LIMIT ?)`,
  stretchSeqs: `SELECT seq FROM operation WHERE ${IS_HELD} AND seq > ? AND seq <= ? ORDER BY seq`,
  freedHeads: `${ROW} WHERE ${IS_HELD} AND seq > ? AND seq <= ? AND ${IS_FREED_HEAD} ORDER BY seq`,
  freedHeadsButSome: `${ROW} WHERE ${IS_HELD} AND seq > ? AND seq <= ? AND ${NOT_PASSED_OVER} AND ${IS_FREED_HEAD} ORDER BY seq`,
  check: `${ROW} WHERE ${LISTED}`,
  // Row by row, if one of them can't be read: its number is apart from its columns.
  checkOne: `${ROW} WHERE seq = ?`,
  listOne: `${ROW_WITHOUT_PAYLOAD} WHERE seq = ?`,
  nextSeq: 'SELECT seq FROM operation WHERE seq > ? ORDER BY seq LIMIT 1',
  expired: `${ROW} WHERE ${CAN_EXPIRE} AND expires_at <= ? ORDER BY expires_at, seq LIMIT ?`,
  nextExpiryAt: `SELECT expires_at FROM operation WHERE ${CAN_EXPIRE} ORDER BY expires_at, seq LIMIT 1 OFFSET ?`,
  expiredButSome:
    `${ROW} WHERE ${CAN_EXPIRE} AND expires_at <= ? AND ${NOT_PASSED_OVER} ` +
    'ORDER BY expires_at, seq LIMIT ?',
  expiredSeqs: `SELECT seq FROM operation WHERE ${CAN_EXPIRE} AND expires_at <= ? ORDER BY expires_at, seq LIMIT ?`,
  nextExpiryAtButSome:
    `SELECT expires_at FROM operation WHERE ${CAN_EXPIRE} AND ${NOT_PASSED_OVER} ` +
    'ORDER BY expires_at, seq LIMIT 1 OFFSET ?',

  deadLettersNewest: `${ROW_WITHOUT_PAYLOAD} INDEXED BY operation_dead_lettered WHERE ${IS_DEAD_LETTERED} AND seq < ? ORDER BY seq DESC LIMIT ?`,
  purgeable: `${ROW_WITHOUT_PAYLOAD} WHERE ${IS_SETTLED} AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
  nextPurgeAt: `SELECT due_at FROM operation WHERE ${IS_SETTLED} AND due_at >= 0 ORDER BY due_at, seq LIMIT 1`,

  list: `${ROW_WITHOUT_PAYLOAD} WHERE ${LISTED}`,
  // Settled rows are most of a grown store: reading on by seq finds them at once.
  listSettled: `${ROW_WITHOUT_PAYLOAD} WHERE ${IS_SETTLED} AND ${LISTED}`,
  // The others may be few among many, so their index is read, and sorted where its order is another.
  listInHand: `${ROW_WITHOUT_PAYLOAD} INDEXED BY operation_in_hand WHERE ${IS_IN_HAND} AND ${LISTED}`,
  listDue: `${ROW_WITHOUT_PAYLOAD} INDEXED BY operation_due WHERE ${IS_DUE} AND ${LISTED}`,
  listHeld: `${ROW_WITHOUT_PAYLOAD} INDEXED BY operation_held WHERE ${IS_HELD} AND ${LISTED}`,
  listQuarantined: `${ROW_WITHOUT_PAYLOAD} INDEXED BY operation_quarantined WHERE ${IS_QUARANTINED} AND ${LISTED}`,
  listDeadLettered: `${ROW_WITHOUT_PAYLOAD} INDEXED BY operation_dead_lettered WHERE ${IS_DEAD_LETTERED} AND ${LISTED}`,
  counts: 'SELECT kind, operations FROM tally',
  waiting:
    'SELECT route, urgency, waits_for, operations FROM waiting ORDER BY route, urgency, waits_for',
  oldestWaiting: `SELECT seq, id FROM operation INDEXED BY operation_waiting WHERE ${WAITS_FOR_TURN} AND route = ? AND urgency = ? ORDER BY seq LIMIT 1`,

  quarantined:
    `SELECT operation.seq, id, revision, key_id, urgency, route, subject, ${STATE}, ` +
    `${PAYLOAD}, code, quarantine.standing, quarantine.due_at, quarantine.expires_at, ` +
    'quarantine.waits_for, quarantine.lane, quarantine.idempotency, set_aside_at ' +
    'FROM operation LEFT JOIN quarantine ON quarantine.seq = operation.seq ' +
    `WHERE operation.${IS_QUARANTINED} AND operation.seq > ? ORDER BY operation.seq LIMIT ?`,
} as const;

export type StatementName = keyof typeof SQL;
export type Statements = Readonly<Record<StatementName, Database.Statement>>;

/** Prepares every query on a connection; those that select one column give its bare value. */
export function prepareStatements(db: Database.Database): Statements {
  return prepareOf(db, Object.keys(SQL) as StatementName[]);
}

/** Prepares some of them. */
export function prepareOf<Name extends StatementName>(
  db: Database.Database,
  names: readonly Name[],
): Pick<Statements, Name> {
  const entries = names.map((name) => {
    const statement = db.prepare(SQL[name]);
    return [
      name,
      statement.reader && statement.columns().length === 1 ? statement.pluck() : statement,
    ];
  });
  return Object.fromEntries(entries) as Pick<Statements, Name>;
}
