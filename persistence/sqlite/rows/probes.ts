/**
 * Checks of the file's indexes and counts against its rows, as statements: does an index find a row, how many rows does
 * it count (SE-4)? selfChecks.ts acts on the answers.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import {
  CAN_EXPIRE,
  IS_ASKING,
  IS_DEAD_LETTERED,
  IS_DUE,
  IS_HELD,
  IS_IN_HAND,
  IS_NOT_IN_HAND,
  IS_QUARANTINED,
  IS_SETTLED,
  IS_WAITING,
  STANDING_CODES,
  TALLIED_WAITS_FROM,
  WAITS_FOR_CODES,
  WAITS_FOR_TURN,
  WAITS_IN_LANE,
  type WaitingRow,
} from '../schema/schema.ts';
import type { OperationRow } from '../seals/rowSeals.ts';
import { NO_PAYLOAD } from './statements.ts';

/** The one whose misses would let something be done twice. */
export const IDEMPOTENCY_INDEX = 'operation_idempotency';

interface Probe {
  readonly index: string;
  /** The condition of the entries to search; the number of the row is added. */
  readonly where: string;
  readonly values: (row: OperationRow) => readonly unknown[];
  readonly holds: (row: OperationRow) => boolean;
}

const { due, inHand, held, quarantined, deadLettered, settled } = STANDING_CODES satisfies Record<
  string,
  number
>;
const nothing = (): readonly unknown[] => [];

/** Each index with what it holds of a row. A test holds them to the schema. */
export const PROBES: readonly Probe[] = [
  {
    index: 'sqlite_autoindex_operation_1',
    where: 'id = ?',
    values: (row) => [row.id],
    holds: () => true,
  },
  {
    index: IDEMPOTENCY_INDEX,
    where: 'idempotency = ?',
    values: (row) => [row.idempotency],
    holds: (row) => row.idempotency !== null,
  },
  {
    index: 'operation_lane',
    where: `${IS_NOT_IN_HAND} AND lane = ?`,
    values: (row) => [row.lane],
    holds: ({ lane, standing }) => lane !== null && standing !== inHand,
  },
  {
    index: 'operation_lane_in_hand',
    where: `${IS_IN_HAND} AND lane = ?`,
    values: (row) => [row.lane],
    holds: ({ lane, standing }) => lane !== null && standing === inHand,
  },
  {
    index: 'operation_lane_rank',
    where: `${WAITS_IN_LANE} AND lane = ? AND urgency = ?`,
    values: (row) => [row.lane, row.urgency],
    holds: ({ lane, standing }) => lane !== null && standing === held,
  },
  {
    index: 'operation_due',
    where: `${IS_DUE} AND route = ? AND urgency = ? AND due_at IS ?`,
    values: (row) => [row.route, row.urgency, row.due_at],
    holds: ({ standing }) => standing === due,
  },
  {
    index: 'operation_waiting',
    where: `${WAITS_FOR_TURN} AND route = ? AND urgency = ?`,
    values: (row) => [row.route, row.urgency],
    holds: ({ standing, waits_for }) => standing === due && waits_for === WAITS_FOR_CODES.turn,
  },
  {
    index: 'operation_in_hand',
    where: `${IS_IN_HAND} AND urgency = ?`,
    values: (row) => [row.urgency],
    holds: ({ standing }) => standing === inHand,
  },
  {
    index: 'operation_held',
    where: IS_HELD,
    values: nothing,
    holds: ({ standing }) => standing === held,
  },
  {
    index: 'operation_quarantined',
    where: IS_QUARANTINED,
    values: nothing,
    holds: ({ standing }) => standing === quarantined,
  },
  {
    index: 'operation_dead_lettered',
    where: IS_DEAD_LETTERED,
    values: nothing,
    holds: ({ standing }) => standing === deadLettered,
  },
  {
    index: 'operation_settled',
    where: `${IS_SETTLED} AND due_at IS ?`,
    values: (row) => [row.due_at],
    holds: ({ standing }) => standing === settled,
  },
  {
    index: 'operation_expiry',
    where: `${CAN_EXPIRE} AND expires_at = ?`,
    values: (row) => [row.expires_at],
    holds: (row) => row.expires_at !== null && (row.standing === due || row.standing === held),
  },
  {
    index: 'operation_asking',
    where: `${IS_ASKING} AND waits_for = ?`,
    values: (row) => [row.waits_for],
    holds: (row) => row.waits_for >= WAITS_FOR_CODES.handler,
  },
  {
    index: 'operation_subject',
    where: 'subject = ?',
    values: (row) => [row.subject],
    holds: (row) => row.subject !== null,
  },
];

/** Counts by standing, each by the index that has them all. */
const COUNTED: readonly (readonly [kind: number, index: string, where: string])[] = [
  [settled, 'operation_settled', IS_SETTLED],
  [inHand, 'operation_in_hand', IS_IN_HAND],
  [due, 'operation_due', IS_DUE],
  [held, 'operation_held', IS_HELD],
  [quarantined, 'operation_quarantined', IS_QUARANTINED],
  [deadLettered, 'operation_dead_lettered', IS_DEAD_LETTERED],
];

/** Faults that rebuilding an index mends, in SQLite's words. */
const OF_AN_INDEX =
  /^(ok|\*\*\* in database main \*\*\*|wrong # of entries in index \S+|row \d+ (missing from|values differ from) index \S+|non-unique entry in index \S+|Page \d+: never used)$/;
const FAULTS_MAX = 1_000;

/** Statements of the checks; prepared once a connection. */
export interface SelfChecks {
  /** The first index that should hold the row and does not; `null` where all do. */
  missingFrom(row: OperationRow): string | null;
  /** The oldest of the `limit` latest rows before `beforeSeq`; `undefined` if there is none. */
  oldestOf(beforeSeq: number, limit: number): number | undefined;
  /** A row from `fromSeq` on and before `beforeSeq` whose idempotency key its index does not find; `undefined` where all are. */
  lostKey(fromSeq: number, beforeSeq: number): OperationRow | undefined;
  /** Rows that have the idempotency key of an earlier one. */
  repeatedKeys(): readonly number[];
  /** By the kinds of the tally. */
  counted(): ReadonlyMap<number, number>;
  /** Kept counts by route and rank that differ from the rows, with their right values. */
  wrongWaiting(): readonly WaitingRow[];
  /** Reads the whole file: only where something is wrong with it. */
  isSoundButForIndexes(): boolean;
}

export function createSelfChecks(db: Database.Database): SelfChecks {
  const probes = PROBES.map((probe) => ({
    ...probe,
    statement: db.prepare(
      `SELECT 1 FROM operation INDEXED BY ${probe.index} WHERE ${probe.where} AND seq = ?`,
    ),
  }));
  const oldestOf = db
    .prepare<[beforeSeq: number, limit: number], number | null>(
      'SELECT min(seq) FROM (SELECT seq FROM operation NOT INDEXED WHERE seq < ? ORDER BY seq DESC LIMIT ?)',
    )
    .pluck();
  const lostKey = db.prepare<[fromSeq: number, beforeSeq: number], OperationRow>(
    `SELECT *, ${NO_PAYLOAD} FROM operation NOT INDEXED WHERE seq >= ? AND seq < ? AND idempotency IS NOT NULL ` +
      `AND NOT EXISTS (SELECT 1 FROM operation AS found INDEXED BY ${IDEMPOTENCY_INDEX} ` +
      'WHERE found.idempotency = operation.idempotency AND found.seq = operation.seq) LIMIT 1',
  );
  return {
    missingFrom(row) {
      if (!canBeLookedFor(row)) return null;
      for (const { index, statement, values, holds } of probes) {
        if (holds(row) && statement.get(...values(row), row.seq) === undefined) return index;
      }
      return null;
    },
    oldestOf: (beforeSeq, limit) => oldestOf.get(beforeSeq, limit) ?? undefined,
    lostKey: (fromSeq, beforeSeq) => lostKey.get(fromSeq, beforeSeq),
    repeatedKeys: () =>
      db
        .prepare<[], number>(
          'SELECT seq FROM operation NOT INDEXED WHERE idempotency IS NOT NULL AND seq NOT IN ' +
            '(SELECT min(seq) FROM operation NOT INDEXED WHERE idempotency IS NOT NULL GROUP BY idempotency)',
        )
        .pluck()
        .all(),
    counted() {
      const asking = db
        .prepare<[], [number, number]>(
          `SELECT ${TALLIED_WAITS_FROM} + waits_for, count(*) FROM operation INDEXED BY operation_asking ` +
            `WHERE ${IS_ASKING} GROUP BY waits_for`,
        )
        .raw()
        .all();
      const standing = COUNTED.map(([kind, index, where]): [number, number] => [
        kind,
        Number(
          db
            .prepare(`SELECT count(*) FROM operation INDEXED BY ${index} WHERE ${where}`)
            .pluck()
            .get(),
        ),
      ]);
      return new Map([...standing, ...asking]);
    },
    wrongWaiting: () =>
      db
        .prepare<[], WaitingRow>(
          'WITH there AS (SELECT route, urgency, waits_for, count(*) AS operations ' +
            `FROM operation NOT INDEXED WHERE ${IS_WAITING} GROUP BY route, urgency, waits_for) ` +
            'SELECT * FROM (SELECT * FROM there EXCEPT SELECT * FROM waiting) UNION ALL ' +
            'SELECT route, urgency, waits_for, 0 FROM waiting WHERE NOT EXISTS (SELECT 1 FROM there ' +
            'WHERE there.route = waiting.route AND there.urgency = waiting.urgency AND there.waits_for = waiting.waits_for)',
        )
        .all(),
    isSoundButForIndexes() {
      const found = db.pragma(`integrity_check(${FAULTS_MAX})`) as { integrity_check: string }[];
      const faults = found.flatMap(({ integrity_check: text }) => text.split('\n'));
      return faults.length < FAULTS_MAX && faults.every((fault) => OF_AN_INDEX.test(fault));
    },
  };
}

/** False for a number beyond the exact integers, which every index would miss. */
function canBeLookedFor(row: OperationRow): boolean {
  const { seq, due_at, expires_at, urgency, waits_for } = row;
  return [seq, due_at ?? 0, expires_at ?? 0, urgency, waits_for].every(Number.isSafeInteger);
}
