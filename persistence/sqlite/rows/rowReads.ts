/**
 * Answers to the store's questions: each is a few index seeks, whatever the number of rows.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Query } from '../../port/questions.ts';
import {
  type BlockedCounts,
  type CheckedPage,
  type Expired,
  NEVER_MS,
  type SearchPage,
  type Standing,
  type StandingCounts,
  type StoredOperation,
  type WaitingCount,
  type WaitsFor,
} from '../../port/store.ts';
import { isOperationId } from '../../port/writeChecks.ts';
import type { ReadRequest } from '../protocol/requests.ts';
import {
  STANDING_CODES,
  TALLIED_WAITS_FROM,
  WAITS_FOR_CODES,
  type WaitingRow,
} from '../schema/schema.ts';
import { bytesOfId, type ComponentRow, idOfBytes, type OperationRow } from '../seals/rowSeals.ts';
import { auditCheckpoint, auditHandle, auditPage } from './auditLog.ts';
import { crisisPlan, crisisPlanPage } from './crisisPlans.ts';
import { claim, occupiedRoutes, passedOver, strays } from './dueReads.ts';
import { findKept, keptCounts, keptPage } from './kept.ts';
import { freedHead } from './laneRanks.ts';
import { deadLetters, quarantined, sealedQuarantine } from './reviewReads.ts';
import { search } from './search.ts';
import { checkIndexes, checkKeys, recount } from './selfChecks.ts';
import type { StatementName } from './statements.ts';
import { compareAnchor, recordForAnchor } from './storeMark.ts';
import { listRow, missing, showRow, stale, type Tables, tallyOf, tellOnce } from './tables.ts';
import { isDamage, NO_ID, takeAll, unreadableRow } from './unreadableRows.ts';

// Counts of what waits, by upstream, rank and reason, as the file keeps them (HM-1): a row for each count, and two
// seeks for each that waits for its turn, whatever the number of operations.

const REASONS = new Map(
  (Object.keys(WAITS_FOR_CODES) as WaitsFor[]).map((name) => [
    WAITS_FOR_CODES[name] as number,
    name,
  ]),
);

/** A count with the number of the oldest, by which that of several routes is found. */
interface Counted extends WaitingCount {
  readonly oldestSeq: number;
}

/** See {@link QueueStore.waitingCounts}. */
function waitingCounts(
  tables: Tables,
  { groups }: Query<'waitingCounts'>,
): readonly WaitingCount[] {
  tables.mutations.writeCounts();
  const rows = tables.statements.waiting.all() as WaitingRow[];
  // The tags of all names are computed only if anything waits.
  const groupOf = rows.length === 0 ? new Map<string, number>() : groupsByTag(tables, groups);
  const found = new Map<string, Counted>();
  for (const row of rows) {
    const counted = countedOf(tables, row, groupOf.get(hexOf(row.route)) ?? null);
    if (counted === null) continue;
    const key = `${counted.group} ${counted.urgency} ${counted.waitsFor}`;
    const before = found.get(key);
    found.set(key, before === undefined ? counted : together(before, counted));
  }
  return [...found.values()]
    .toSorted((one, other) => one.urgency - other.urgency)
    .map(({ group, urgency, waitsFor, count, oldestId, nextDueAtMs }) => ({
      ...{ group, urgency, waitsFor, count, oldestId, nextDueAtMs },
    }));
}

function groupsByTag(
  { seals }: Tables,
  groups: readonly (readonly string[])[],
): ReadonlyMap<string, number> {
  return new Map(
    groups.flatMap((routes, group) =>
      routes.map((name): [string, number] => [hexOf(seals.routeTag(name)), group]),
    ),
  );
}

/** `null` for a reason that the file names and nothing here knows: the file was edited. */
function countedOf(
  { statements }: Tables,
  { route, urgency, waits_for, operations: count }: WaitingRow,
  group: number | null,
): Counted | null {
  const waitsFor = REASONS.get(waits_for);
  if (waitsFor === undefined) return null;
  const same = { group, urgency, waitsFor, count };
  if (waitsFor !== 'turn' || group === null) {
    return { ...same, oldestId: null, nextDueAtMs: null, oldestSeq: Number.POSITIVE_INFINITY };
  }
  const oldest = statements.oldestWaiting.get(route, urgency) as
    | { readonly seq: number; readonly id: Uint8Array }
    | undefined;
  const [next] = statements.dueHeads.all(route, urgency, 1, 0) as { readonly due_at: number }[];
  return {
    ...same,
    oldestId: oldest === undefined ? null : idOfBytes(oldest.id),
    nextDueAtMs: next === undefined || next.due_at >= NEVER_MS ? null : next.due_at,
    oldestSeq: oldest?.seq ?? Number.POSITIVE_INFINITY,
  };
}

function together(one: Counted, other: Counted): Counted {
  const { oldestId, oldestSeq } = one.oldestSeq <= other.oldestSeq ? one : other;
  const due = [one.nextDueAtMs, other.nextDueAtMs].filter((atMs) => atMs !== null);
  const nextDueAtMs = due.length === 0 ? null : Math.min(...due);
  return { ...one, count: one.count + other.count, oldestId, oldestSeq, nextDueAtMs };
}

function hexOf(tag: Uint8Array): string {
  return Buffer.from(tag).toString('hex');
}

const LISTS = {
  settled: 'listSettled',
  inHand: 'listInHand',
  due: 'listDue',
  held: 'listHeld',
  quarantined: 'listQuarantined',
  deadLettered: 'listDeadLettered',
} as const satisfies Record<Standing, StatementName>;

/** Answers a request that writes nothing, except to quarantine rows. */
export function answerRead(tables: Tables, request: ReadRequest): unknown {
  switch (request.kind) {
    case 'claim':
      return claim(tables, request.query);
    case 'inHand':
      return inHand(tables, request.query);
    case 'freedHeads':
      return freedHeads(tables, request.query);
    case 'check':
      return check(tables, request.query);
    case 'checkKeys':
      return checkKeys(tables, request.query);
    case 'occupiedRoutes':
      return occupiedRoutes(tables, request.query);
    case 'strays':
      return strays(tables, request.query);
    case 'expired':
      return expired(tables, request.query);
    case 'find':
      return find(tables, request.query);
    case 'lane':
      return inLane(tables, request.query);
    case 'crisisPlan':
      return crisisPlan(tables, request.query);
    case 'crisisPlanPage':
      return crisisPlanPage(tables, request.query);
    case 'kept':
      return findKept(tables, request.query);
    case 'keptPage':
      return keptPage(tables, request.query);
    case 'keptCounts':
      return keptCounts(tables);
    case 'list':
      return list(tables, request.query);
    case 'search':
      return search(tables, request.query);
    case 'deadLetters':
      return deadLetters(tables, request.query);
    case 'quarantine':
      return quarantined(tables, request.query);
    case 'sealedQuarantine':
      return sealedQuarantine(tables, request.query);
    case 'counts':
      return counts(tables);
    case 'blockedCounts':
      return blockedCounts(tables);
    case 'waitingCounts':
      return waitingCounts(tables, request.query);
    case 'recount':
      recount(tables);
      return undefined;
    case 'anchorRecord':
      return recordForAnchor(tables);
    case 'compareAnchor':
      return compareAnchor(tables, request.query);
    case 'auditPage':
      return auditPage(tables, request.query);
    case 'auditHandle':
      return auditHandle(tables, request.query);
    case 'auditCheckpoint':
      return auditCheckpoint(tables);
  }
}

/** See {@link Store.inHand}. */
function inHand(tables: Tables, { after, limit }: Query<'inHand'>): StoredOperation[] {
  const { statements } = tables;
  const rows: StoredOperation[] = [];
  let urgency = after?.urgency ?? nextUrgency(statements.nextInHandUrgency, -1);
  let afterSeq = after?.seq ?? -1;
  while (urgency !== undefined && rows.length < limit) {
    const [rank, seq, room] = [urgency, afterSeq, limit - rows.length];
    const fetch = (): OperationRow[] => {
      const passed = passedOver(tables);
      return passed === null
        ? all(statements.inHand, rank, seq, room)
        : all(statements.inHandButSome, rank, seq, passed, room);
    };
    const most = room + tables.unreadable.size;
    rows.push(...takeAll(tables, fetch, [statements.inHandSeqs, rank, seq, most]));
    urgency = nextUrgency(statements.nextInHandUrgency, rank);
    afterSeq = -1;
  }
  return rows;
}

/** See {@link Store.freedHeads}. */
function freedHeads(tables: Tables, { afterSeq, limit }: Query<'freedHeads'>): SearchPage {
  const { statements } = tables;
  const end = statements.heldStretchEnd.get(afterSeq, limit) as number | null;
  if (end === null) return { rows: [], nextAfterSeq: null };
  const rows = takeAll(tables, () => {
    const passed = passedOver(tables);
    return passed === null
      ? all(statements.freedHeads, afterSeq, end)
      : all(statements.freedHeadsButSome, afterSeq, end, passed);
  }, [statements.stretchSeqs, afterSeq, end]);
  return { rows: rows.map((head) => freedHead(tables, head)), nextAfterSeq: end };
}

/** See {@link Store.check}. */
function check(tables: Tables, query: Query<'check'>): CheckedPage {
  const { check: page, checkOne } = tables.statements;
  let isMended = false;
  const rows = readPage(tables, query, [page, checkOne], (row) => {
    const shown = showRow(tables, row);
    // A row that was quarantined just now has another standing than it was read with.
    const isAsRead =
      shown.standing !== 'quarantined' || row.standing === STANDING_CODES.quarantined;
    isMended ||= isAsRead && checkIndexes(tables, row);
    if (isStaleAside(tables, row) || (isAsRead && !tables.mutations.areNotesKept(row.seq))) {
      tellOnce(tables, `notes ${row.seq}`, stale(tables.path, 'What is noted of an operation'));
    }
    return shown;
  });
  if (isMended) return check(tables, query);
  const isThrough = rows.length < query.limit;
  const lastSeq = isThrough ? Number.MAX_SAFE_INTEGER : (rows.at(-1)?.seq ?? query.afterSeq);
  tellMissing(tables, query.afterSeq, lastSeq, rows);
  return {
    checked: rows.length,
    unreadable: rows.filter(({ id }) => id === NO_ID).length,
    nextAfterSeq: isThrough ? null : (rows.at(-1)?.seq ?? null),
  };
}

/** True for a quarantined row that the set does not hold, unless it is quarantined for that. */
function isStaleAside(
  { set, statements }: Tables,
  { seq, standing, state }: OperationRow,
): boolean {
  return (
    standing === STANDING_CODES.quarantined &&
    !set.holds('operation', seq, state) &&
    statements.quarantineCode.get(seq) !== 'HF_RECORD_STALE'
  );
}

/** Tells how many operations the set holds between these numbers, and the table does not. */
function tellMissing(
  { set, onNotice, path }: Tables,
  afterSeq: number,
  lastSeq: number,
  rows: readonly StoredOperation[],
): void {
  const found = new Set(rows.map(({ seq }) => seq));
  const gone = set.numbers('operation', afterSeq, lastSeq).filter((seq) => !found.has(seq));
  if (gone.length === 0) return;
  onNotice(missing(path, gone.length === 1 ? '1 operation is' : `${gone.length} operations are`));
}

/**
 * A page of rows in order of acceptance. Where one of them can't be read they are read one by one,
 * and that one is shown as quarantined, without its id: the others are not to be lost with it.
 */
function readPage(
  { statements }: Tables,
  { afterSeq, limit }: { readonly afterSeq: number; readonly limit: number },
  [page, one]: readonly [Database.Statement, Database.Statement],
  show: (row: OperationRow) => StoredOperation,
): StoredOperation[] {
  try {
    return all(page, afterSeq, limit).map(show);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const rows: StoredOperation[] = [];
  let seq = statements.nextSeq.get(afterSeq) as number | undefined;
  while (seq !== undefined && rows.length < limit) {
    // An edited number: the page can't go on from it, nor reach what is behind it.
    if (!Number.isSafeInteger(seq)) return [...rows, unreadableRow(seq)];
    try {
      rows.push(...all(one, seq).map(show));
    } catch (error) {
      if (!isDamage(error)) throw error;
      rows.push(unreadableRow(seq));
    }
    seq = statements.nextSeq.get(seq) as number | undefined;
  }
  return rows;
}

/** See {@link Store.expired}. */
function expired(tables: Tables, { nowMs, limit, passOver = [] }: Query<'expired'>): Expired {
  const { statements } = tables;
  const fetch = (): OperationRow[] => {
    const passed = passedOver(tables, passOver);
    return passed === null
      ? all(statements.expired, nowMs, limit)
      : all(statements.expiredButSome, nowMs, passed, limit);
  };
  const most = limit + passOver.length + tables.unreadable.size;
  const rows = takeAll(tables, fetch, [statements.expiredSeqs, nowMs, most]);
  const passed = passedOver(tables, passOver);
  const next =
    passed === null
      ? statements.nextExpiryAt.get(rows.length)
      : statements.nextExpiryAtButSome.get(passed, rows.length);
  return { rows, nextExpiryAtMs: (next as number | undefined) ?? null };
}

/** See {@link Store.find}. */
function find(tables: Tables, id: string): StoredOperation | null {
  if (!isOperationId(id)) return null;
  const row = tables.statements.byId.get(bytesOfId(id)) as OperationRow | undefined;
  return row === undefined ? null : showRow(tables, row);
}

/** See {@link Store.lane}. */
function inLane(tables: Tables, { lane, afterSeq, limit }: Query<'lane'>): StoredOperation[] {
  const { statements, seals, unreadable } = tables;
  const tag = seals.laneTag(lane);
  const fetch = (): OperationRow[] => {
    const of = [tag, afterSeq, passedOver(tables) ?? '[]'];
    return all(statements.inLane, ...of, ...of, limit);
  };
  const most = limit + unreadable.size;
  return takeAll(tables, fetch, [statements.inLaneSeqs, tag, afterSeq, tag, afterSeq, most]);
}

/** See {@link Store.list}. */
function list(tables: Tables, query: Query<'list'>): StoredOperation[] {
  const { standing } = query;
  const { list: page, listOne } = tables.statements;
  const show = (row: OperationRow): StoredOperation => listRow(tables, row);
  if (standing === undefined) return readPage(tables, query, [page, listOne], show);
  for (;;) {
    const rows = all(tables.statements[LISTS[standing]], query.afterSeq, query.limit).map(show);
    // As in takeAll: a row that was quarantined just now no longer has the standing asked for.
    if (rows.every((row) => row.standing === standing)) return rows;
  }
}

/** See {@link Store.counts}. The file keeps them, so that nothing is counted here. */
function counts(tables: Tables): StandingCounts {
  const kept = tallyOf(tables);
  const names = Object.keys(STANDING_CODES) as Standing[];
  return Object.fromEntries(
    names.map((name) => [name, kept.get(STANDING_CODES[name]) ?? 0]),
  ) as StandingCounts;
}

/** See {@link Store.blockedCounts}. */
function blockedCounts(tables: Tables): BlockedCounts {
  const kept = tallyOf(tables);
  const of = (reason: keyof BlockedCounts): number =>
    kept.get(TALLIED_WAITS_FROM + WAITS_FOR_CODES[reason]) ?? 0;
  return {
    handler: of('handler'),
    conflict: of('conflict'),
    review: of('review'),
    rate: of('rate'),
    startAt: of('startAt'),
  };
}

/** The largest acceptance number in the store, 0 for none; also of one that is missing: no other is to hide that. */
export function seqMax({ statements, set }: Tables): number {
  const last = (statements.seqMax.get() as number | null) ?? 0;
  return set.numbers('operation', last, Number.MAX_SAFE_INTEGER).at(-1) ?? last;
}

/** Number of quarantined rows: few, and counted in their own index. */
export function quarantinedCount(tables: Tables): number {
  return counts(tables).quarantined;
}

/** The kept states of components, and the number of those that could not be opened. */
export function components(tables: Tables): {
  readonly readable: Map<string, string>;
  readonly unreadable: number;
} {
  const { statements, seals, set, onNotice, path } = tables;
  const readable = new Map<string, string>();
  let unreadable = 0;
  let found = 0;
  for (const row of statements.components.all() as ComponentRow[]) {
    if (set.has('component', row.tag)) found += 1;
    try {
      const { name, state } = seals.openComponent(row);
      if (!set.holds('component', row.tag, row.state)) {
        onNotice(stale(path, `The state of ${name}`));
      }
      readable.set(name, state);
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      unreadable += 1;
      onNotice(notOpened(path, error));
    }
  }
  const gone = set.count('component') - found;
  if (gone > 0)
    onNotice(
      missing(path, gone === 1 ? 'A state of the runtime is' : `${gone} states of the runtime are`),
    );
  return { readable, unreadable };
}

function notOpened(path: string, { code, cause }: HoldfastError): HoldfastError {
  return new HoldfastError(
    code,
    `A state of the runtime in the store at ${path} can't be opened (${code}) and counts as not there: what it kept, such as a breaker, begins from the beginning. Something wrote to the file. Restore a backup to get it back.`,
    { path, cause, withStack: false },
  );
}

function nextUrgency(
  statement: Database.Statement,
  ...parameters: readonly unknown[]
): number | undefined {
  return statement.get(...parameters) as number | undefined;
}

function all(statement: Database.Statement, ...parameters: readonly unknown[]): OperationRow[] {
  return statement.all(...parameters) as OperationRow[];
}
