/**
 * The memory store's dead letters and quarantine: the writes and questions of reviewWrites.ts and
 * reviewReads.ts over rows that are never sealed.
 *
 * @module
 */

import type {
  DeadLetterQuery,
  DeadLetterRows,
  PurgeWrite,
  QuarantinedRecord,
  QuarantineWrite,
  Raised,
  ReinstateWrite,
  ReplayWrite,
  Standing,
  StoredOperation,
  WriteResult,
} from '../port/store.ts';
import { type MemoryRow, operationOf } from './memoryRow.ts';

/** The rows as reviews need them. */
export interface ReviewTables {
  byId(id: string): MemoryRow | undefined;
  standing(standing: Standing): readonly MemoryRow[];
  hasKey(idempotencyKey: string): boolean;
  isLaneTaken(lane: string | null, seq: number): boolean;
  heldHeadOf(lane: string | null): StoredOperation | null;
  /** Gives the head of its lane the rank of this row, where that is more urgent. */
  raiseHead(behind: MemoryRow): Raised | null;
  /** The operation that this row raised at its acceptance, as far as that is known. */
  raisedBefore(behind: MemoryRow): Raised | null;
  replace(row: MemoryRow, after: MemoryRow | null): void;
}

type ReviewWrite = ReplayWrite | PurgeWrite | QuarantineWrite | ReinstateWrite;

const MISSING: WriteResult = { kind: 'missing' };

export function applyReview(tables: ReviewTables, write: ReviewWrite): WriteResult {
  switch (write.kind) {
    case 'replay':
      return replay(tables, write);
    case 'purge':
      return purge(tables, write);
    case 'quarantine':
      return quarantine(tables, write);
    case 'reinstate':
      return reinstate(tables, write);
  }
}

/** See {@link Store.deadLetters}. */
export function deadLettersOf(tables: ReviewTables, query: DeadLetterQuery): DeadLetterRows {
  const { order, fromSeq, limit, routes } = query;
  const isNewest = order === 'newest';
  const looked = tables
    .standing('deadLettered')
    .filter(({ seq }) => (isNewest ? seq < fromSeq : seq > fromSeq))
    .toSorted((a, b) => (isNewest ? b.seq - a.seq : a.seq - b.seq))
    .slice(0, limit);
  return {
    rows: looked
      .filter((row) => routes?.includes(row.route) ?? true)
      .map((row) => ({ ...operationOf(row), payload: null })),
    nextSeq: looked.length < limit ? null : (looked.at(-1)?.seq ?? null),
  };
}

/** See {@link Store.quarantine}. */
export function quarantineOf(
  tables: ReviewTables,
  query: { readonly afterSeq: number; readonly limit: number },
): QuarantinedRecord[] {
  return tables
    .standing('quarantined')
    .filter(({ seq }) => seq > query.afterSeq)
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, query.limit)
    .map(({ seq, id, revision, urgency, aside }) => ({
      seq,
      id,
      revision,
      urgency,
      code: aside?.code ?? '',
      setAsideAtMs: null,
      stood: aside?.before.standing ?? null,
      state: aside?.before.state ?? null,
      opensNot: null,
    }));
}

function replay(tables: ReviewTables, write: ReplayWrite): WriteResult {
  const row = tables.byId(write.id);
  if (row === undefined) return MISSING;
  if (row.revision === write.revision && row.state === write.state) {
    return {
      kind: 'replayed',
      laneBusy: row.standing === 'held',
      raised: tables.raisedBefore(row),
      isRepeat: true,
    };
  }
  if (row.standing !== 'deadLettered' || row.revision !== write.revision - 1) return MISSING;
  const payload = write.payload ?? row.payload;
  if (payload === null) return MISSING;
  const rejoins = row.lane === null && write.lane !== null;
  const laneBusy = rejoins && tables.isLaneTaken(write.lane, row.seq);
  const after: MemoryRow = {
    ...row,
    seq: rejoins ? write.toSeq : row.seq,
    revision: write.revision,
    standing: laneBusy ? 'held' : 'due',
    dueAtMs: laneBusy ? null : write.dueAtMs,
    waitsFor: laneBusy ? 'lane' : write.waitsFor,
    route: write.route,
    lane: rejoins ? write.lane : row.lane,
    state: write.state,
    payload,
  };
  tables.replace(row, after);
  return { kind: 'replayed', laneBusy, raised: laneBusy ? tables.raiseHead(after) : null };
}

function purge(tables: ReviewTables, write: PurgeWrite): WriteResult {
  const row = rowOf(tables, write);
  if (row?.standing !== 'deadLettered' && row?.standing !== 'quarantined') return MISSING;
  tables.replace(row, null);
  return { kind: 'purged', laneNext: tables.heldHeadOf(row.lane) };
}

function quarantine(tables: ReviewTables, write: QuarantineWrite): WriteResult {
  const row = rowOf(tables, write);
  if (row === undefined) return MISSING;
  if (row.standing === 'quarantined') return { kind: 'quarantined' };
  tables.replace(row, {
    ...row,
    standing: 'quarantined',
    dueAtMs: null,
    waitsFor: 'turn',
    expiresAtMs: null,
    lane: null,
    idempotencyKey: null,
    state: '',
    payload: null,
    aside: { code: write.code, before: row },
  });
  return { kind: 'quarantined' };
}

function reinstate(tables: ReviewTables, write: ReinstateWrite): WriteResult {
  const row = rowOf(tables, write);
  if (row?.standing !== 'quarantined' || row.aside === null) return MISSING;
  const { before } = row.aside;
  if (before.idempotencyKey !== null && tables.hasKey(before.idempotencyKey)) {
    return { kind: 'notReinstated', code: 'HF_IDEMPOTENCY_CONFLICT' };
  }
  const hasEnded = before.standing === 'settled' || before.standing === 'deadLettered';
  const goesToTail = !hasEnded && tables.isLaneTaken(before.lane, row.seq);
  const after: MemoryRow = goesToTail
    ? {
        ...before,
        seq: write.toSeq,
        revision: before.revision + 1,
        standing: 'held',
        dueAtMs: null,
        waitsFor: 'lane',
      }
    : before;
  tables.replace(row, after);
  const raised = goesToTail ? tables.raiseHead(after) : null;
  return { kind: 'reinstated', operation: operationOf(after), raised };
}

function rowOf(
  tables: ReviewTables,
  write: { readonly seq: number; readonly id: string; readonly revision: number },
): MemoryRow | undefined {
  const row = tables.byId(write.id);
  return row?.seq === write.seq && row.revision === write.revision ? row : undefined;
}
