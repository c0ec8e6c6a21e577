/**
 * Writes that move an operation out of the dead letters or the quarantine, or into the latter. Each may be a repeat of
 * one that had reached the disk.
 *
 * @module
 */

import type {
  PurgeWrite,
  QuarantineWrite,
  ReinstateWrite,
  ReplayWrite,
  Standing,
  WriteResult,
} from '../../port/store.ts';
import { STANDING_CODES, WAITS_FOR_CODES } from '../schema/schema.ts';
import type { OperationColumns, OperationRow } from '../seals/rowSeals.ts';
import { bytesOfId } from '../seals/rowSeals.ts';
import { heldHeadOf, laneHeadOf, raisedBefore, raiseTo } from './laneRanks.ts';
import { opensTo, quarantineRow } from './reviewReads.ts';
import type { Tables } from './tables.ts';
import { quarantine, sealPayload, showRow } from './tables.ts';

const MISSING: WriteResult = { kind: 'missing' };

/** See {@link ReplayWrite}. */
export function replay(tables: Tables, write: ReplayWrite): WriteResult {
  const { statements, seals } = tables;
  const row = statements.byId.get(bytesOfId(write.id)) as OperationRow | undefined;
  if (row === undefined) return MISSING;
  const stored = showRow(tables, row);
  if (stored.revision === write.revision && stored.state === write.state) {
    const laneBusy = stored.standing === 'held';
    const raised = laneBusy ? raisedBefore(tables, row) : null;
    return { kind: 'replayed', laneBusy, raised, isRepeat: true };
  }
  if (stored.standing !== 'deadLettered' || stored.revision !== write.revision - 1) return MISSING;
  const payload = write.payload ?? stored.payload;
  if (payload === null) return MISSING;

  const rejoins = row.lane === null && write.lane !== null;
  const lane = write.lane !== null && rejoins ? seals.laneTag(write.lane) : row.lane;
  const seq = rejoins ? write.toSeq : row.seq;
  const head = rejoins && lane !== null ? laneHeadOf(tables, lane, row.seq) : undefined;
  const laneBusy = head !== undefined;
  moveRow(tables, row, {
    columns: {
      ...row,
      seq,
      revision: write.revision,
      standing: STANDING_CODES[laneBusy ? 'held' : 'due'],
      due_at: laneBusy ? null : write.dueAtMs,
      waits_for: WAITS_FOR_CODES[laneBusy ? 'lane' : write.waitsFor],
      route: seals.routeTag(write.route),
      lane,
    },
    state: write.state,
    payload,
  });
  const raised = head === undefined ? null : raiseTo(tables, head, row.urgency);
  return { kind: 'replayed', laneBusy, raised };
}

/** See {@link PurgeWrite}. */
export function purge(tables: Tables, write: PurgeWrite): WriteResult {
  const { mutations, known, lanesLeft } = tables;
  const row = rowOf(tables, write);
  if (row === undefined) {
    const lane = lanesLeft.left(write.seq);
    if (lane === undefined) return MISSING;
    lanesLeft.leave(write.seq, lane);
    return { kind: 'purged', laneNext: heldHeadOf(tables, lane), isRepeat: true };
  }
  const isAside =
    row.standing === STANDING_CODES.deadLettered || row.standing === STANDING_CODES.quarantined;
  if (!isAside) return MISSING;
  mutations.deleteOperation(row.seq);
  known.forget(row.seq);
  if (row.lane === null) return { kind: 'purged', laneNext: null };
  lanesLeft.leave(row.seq, row.lane);
  return { kind: 'purged', laneNext: heldHeadOf(tables, row.lane) };
}

/** See {@link QuarantineWrite}. */
export function quarantineByWrite(tables: Tables, write: QuarantineWrite): WriteResult {
  const row = rowOf(tables, write);
  if (row === undefined) return MISSING;
  if (row.standing !== STANDING_CODES.quarantined) quarantine(tables, row, write.code);
  return { kind: 'quarantined' };
}

/** See {@link ReinstateWrite}. */
export function reinstate(tables: Tables, write: ReinstateWrite): WriteResult {
  const { statements, mutations } = tables;
  const row = quarantineRow(tables, write.seq);
  if (row === undefined || row.revision !== write.revision) return MISSING;
  const opened = opensTo(tables, row);
  if ('code' in opened) return { kind: 'notReinstated', code: opened.code };
  // Whoever puts it back must have been told that it is an earlier copy.
  const isTold = row.code === 'HF_RECORD_STALE';
  if (!isTold && !tables.set.holds('operation', row.seq, row.state)) {
    return { kind: 'notReinstated', code: 'HF_RECORD_STALE' };
  }
  const before = opened.row;
  if (before.idempotency !== null && statements.byIdempotency.get(before.idempotency)) {
    return { kind: 'notReinstated', code: 'HF_IDEMPOTENCY_CONFLICT' };
  }
  mutations.putBack(row.seq);
  let { seq } = row;
  const ends: readonly Standing[] = ['settled', 'deadLettered'];
  const hasEnded = ends.some((standing) => before.standing === STANDING_CODES[standing]);
  const isInLane = !hasEnded && before.lane !== null;
  const head = isInLane ? laneHeadOf(tables, before.lane, row.seq) : undefined;
  if (head !== undefined) {
    seq = write.toSeq;
    moveRow(tables, before, {
      columns: {
        ...before,
        seq,
        revision: before.revision + 1,
        standing: STANDING_CODES.held,
        due_at: null,
        waits_for: WAITS_FOR_CODES.lane,
      },
      state: opened.state,
      payload: opened.payload,
    });
  }
  const raised = head === undefined ? null : raiseTo(tables, head, before.urgency);
  const put = statements.bySeq.get(seq) as OperationRow;
  return { kind: 'reinstated', operation: showRow(tables, put), raised };
}

/** Rewrites a row and its payload, perhaps as another seq. */
function moveRow(
  tables: Tables,
  row: Pick<OperationRow, 'seq'>,
  to: {
    readonly columns: OperationColumns;
    readonly state: string;
    readonly payload: string | null;
  },
): void {
  const { mutations, known } = tables;
  const columns: OperationColumns = { ...to.columns, key_id: tables.seals.keyId };
  const kept = sealPayload(tables, columns, to.payload);
  mutations.moveOperation(
    row.seq,
    columns,
    tables.seals.sealState(columns, to.state, kept.payload),
  );
  mutations.deletePayload(row.seq);
  if (kept.envelope !== null) mutations.putPayload(columns.seq, columns.key_id, kept.envelope);
  known.forget(row.seq);
}

/** The row of a write, if it is as the write says. */
function rowOf(
  { statements }: Tables,
  write: { readonly seq: number; readonly id: string; readonly revision: number },
): OperationRow | undefined {
  const row = statements.bySeq.get(write.seq) as OperationRow | undefined;
  if (row?.revision !== write.revision) return undefined;
  return Buffer.compare(row.id, bytesOfId(write.id)) === 0 ? row : undefined;
}
