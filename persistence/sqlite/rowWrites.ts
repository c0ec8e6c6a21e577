/**
 * Applies single writes inside the transaction of their batch. Each may be a repeat of one whose
 * commit was reported as failed though it reached the disk, and is then answered as if done now.
 *
 * @module
 */

import type {
  AcceptWrite,
  ComponentWrite,
  UpdateWrite,
  WithdrawWrite,
  Write,
  WriteResult,
} from '../store.ts';
import { checkWrite, misuse } from '../writeChecks.ts';
import type { KnownRow } from './knownRows.ts';
import { purgeSettled } from './retention.ts';
import type { OperationColumns, OperationRow } from './rowSeals.ts';
import { bytesOfId, goesInside } from './rowSeals.ts';
import { STANDING_CODES } from './schema.ts';
import { purge, release, replay, setAside } from './setAsideWrites.ts';
import type { Tables } from './tables.ts';
import { heldHeadOf, showRow, takeRow } from './tables.ts';

const MISSING: WriteResult = { kind: 'missing' };
const COMPONENT_KEPT: WriteResult = { kind: 'componentKept' };
const UPDATED: WriteResult = { kind: 'updated', laneNext: null };
const FIRST_REVISION = 1;

/**
 * @throws HoldfastError `HF_INTERNAL` for a write that contradicts what is stored. Errors of SQLite.
 */
export function applyWrite(tables: Tables, write: Write): WriteResult {
  checkWrite(write);
  switch (write.kind) {
    case 'accept':
      return accept(tables, write);
    case 'update':
      return update(tables, write);
    case 'withdraw':
      return withdraw(tables, write);
    case 'replay':
      return replay(tables, write);
    case 'purge':
      return purge(tables, write);
    case 'setAside':
      return setAside(tables, write);
    case 'release':
      return release(tables, write);
    case 'purgeSettled':
      return purgeSettled(tables, write);
    case 'component':
      return keepComponent(tables, write);
  }
}

function accept(tables: Tables, write: AcceptWrite): WriteResult {
  const { statements, seals, known } = tables;
  const lane = write.lane === null ? null : seals.laneTag(write.lane);
  const laneBusy = lane !== null && statements.anotherInLane.get(lane, write.seq) !== undefined;
  const columns: OperationColumns = {
    seq: write.seq,
    id: bytesOfId(write.id),
    revision: FIRST_REVISION,
    key_id: seals.keyId,
    standing: STANDING_CODES[laneBusy ? 'held' : write.standing],
    due_at: laneBusy ? null : write.dueAtMs,
    expires_at: write.expiresAtMs,
    urgency: write.urgency,
    route: seals.routeTag(write.route),
    lane,
    idempotency: write.idempotencyKey === null ? null : seals.idempotencyTag(write.idempotencyKey),
  };
  const hasPayloadRow = !goesInside(write.payload);
  const { changes } = statements.insertOperation.run(
    columns.seq,
    columns.id,
    columns.revision,
    columns.key_id,
    columns.standing,
    columns.due_at,
    columns.expires_at,
    columns.urgency,
    columns.route,
    columns.lane,
    columns.idempotency,
    seals.sealState(columns, write.state, hasPayloadRow ? null : write.payload),
  );
  if (changes === 0) return acceptAgain(tables, write, columns);
  if (hasPayloadRow) {
    statements.insertPayload.run(write.seq, seals.sealPayload(columns, write.payload));
  }
  if (columns.standing === STANDING_CODES.inHand) {
    known.remember(write.seq, columns, hasPayloadRow);
  }
  return { kind: 'accepted', laneBusy };
}

/** The insert met a row: this very operation, or another with its idempotency key. */
function acceptAgain(tables: Tables, write: AcceptWrite, columns: OperationColumns): WriteResult {
  const { statements } = tables;
  const same = statements.byId.get(columns.id) as OperationRow | undefined;
  if (same !== undefined && same.seq === write.seq) {
    return { kind: 'accepted', laneBusy: same.standing === STANDING_CODES.held };
  }
  const first =
    columns.idempotency === null
      ? undefined
      : (statements.byIdempotency.get(columns.idempotency) as OperationRow | undefined);
  if (first === undefined) {
    throw misuse('An accept was refused: its seq or id belongs to another operation.', 'seq');
  }
  const of = takeRow(tables, first);
  // One that can't be opened was set aside and gave up its key, so that the newcomer can have it.
  return of === null ? accept(tables, write) : { kind: 'duplicate', of };
}

function update(tables: Tables, write: UpdateWrite): WriteResult {
  const { statements, seals, known, lanesLeft } = tables;
  const row = known.get(write.seq) ?? readKnown(tables, write.seq);
  if (row === null) return MISSING;
  if (row.revision !== write.revision - 1) return updateAgain(tables, write);

  const columns: OperationColumns = {
    seq: write.seq,
    id: row.id,
    revision: write.revision,
    key_id: seals.keyId,
    standing: STANDING_CODES[write.standing],
    due_at: write.dueAtMs,
    expires_at: row.expires_at,
    urgency: row.urgency,
    route: seals.routeTag(write.route),
    lane: write.leavesLane ? null : row.lane,
    idempotency: row.idempotency,
  };
  const leaving = write.leavesLane ? row.lane : null;
  const isInside = goesInside(write.payload);
  const statement = leaving === null ? statements.updateOperation : statements.updateLeavingLane;
  statement.run(
    columns.revision,
    columns.key_id,
    columns.standing,
    columns.due_at,
    columns.route,
    seals.sealState(columns, write.state, isInside ? write.payload : null),
    write.seq,
  );
  const hasPayloadRow = write.payload !== null && !isInside;
  if (row.hasPayloadRow && !hasPayloadRow) statements.deletePayload.run(write.seq);
  if (hasPayloadRow && !row.hasPayloadRow) {
    statements.insertPayload.run(write.seq, seals.sealPayload(columns, write.payload));
  }
  if (columns.standing === STANDING_CODES.inHand) {
    known.remember(write.seq, columns, hasPayloadRow);
  } else {
    known.forget(write.seq);
  }
  if (leaving === null) return UPDATED;
  lanesLeft.leave(write.seq, leaving);
  return { kind: 'updated', laneNext: heldHeadOf(tables, leaving) };
}

/** The revision does not follow: either this update was done before, or the caller is mistaken. */
function updateAgain(tables: Tables, write: UpdateWrite): WriteResult {
  const { statements, seals, lanesLeft } = tables;
  const row = statements.bySeq.get(write.seq) as OperationRow | undefined;
  if (row === undefined) return MISSING;
  const stored = showRow(tables, row);
  const done =
    stored.revision === write.revision &&
    stored.standing === write.standing &&
    stored.dueAtMs === write.dueAtMs &&
    stored.state === write.state &&
    Buffer.compare(row.route, seals.routeTag(write.route)) === 0;
  if (!done) {
    throw misuse(
      `An update was refused: it makes revision ${write.revision} of a row at revision ${stored.revision}.`,
      'revision',
    );
  }
  const lane = write.leavesLane ? lanesLeft.left(write.seq) : undefined;
  if (lane === undefined) return UPDATED;
  lanesLeft.leave(write.seq, lane);
  return { kind: 'updated', laneNext: heldHeadOf(tables, lane) };
}

/**
 * Reads what an update keeps. The row is opened first: a column edited in the file must not find its
 * way under a new seal. A quarantined row is taken as it is, for the update carries the true state
 * and payload.
 */
function readKnown(tables: Tables, seq: number): KnownRow | null {
  const { statements } = tables;
  const row = statements.bySeq.get(seq) as OperationRow | undefined;
  if (row === undefined) return null;
  if (showRow(tables, row).standing !== 'quarantined') {
    return { ...row, hasPayloadRow: row.payload !== null };
  }
  statements.forgetQuarantine.run(seq);
  statements.deletePayload.run(seq);
  return { ...row, hasPayloadRow: false, lane: null, idempotency: null, expires_at: null };
}

function withdraw(tables: Tables, write: WithdrawWrite): WriteResult {
  const { statements, known, lanesLeft } = tables;
  const row = statements.bySeq.get(write.seq) as OperationRow | undefined;
  if (row === undefined || Buffer.compare(row.id, bytesOfId(write.id)) !== 0) {
    const lane = lanesLeft.left(write.seq);
    return lane === undefined ? MISSING : leaveLane(tables, write.seq, lane);
  }
  statements.deleteOperation.run(write.seq);
  statements.deletePayload.run(write.seq);
  statements.forgetQuarantine.run(write.seq);
  known.forget(write.seq);
  return leaveLane(tables, write.seq, row.lane);
}

function leaveLane(tables: Tables, seq: number, lane: Uint8Array | null): WriteResult {
  if (lane === null) return { kind: 'withdrawn', laneNext: null };
  tables.lanesLeft.leave(seq, lane);
  return { kind: 'withdrawn', laneNext: heldHeadOf(tables, lane) };
}

function keepComponent(tables: Tables, write: ComponentWrite): WriteResult {
  const { statements, seals } = tables;
  const tag = seals.componentTag(write.name);
  const before = (statements.componentRevision.get(tag) as number | undefined) ?? 0;
  const row = { tag, revision: before + 1, key_id: seals.keyId };
  const state = seals.sealComponent(row, write.name, write.state);
  statements.keepComponent.run(tag, row.revision, row.key_id, state);
  return COMPONENT_KEPT;
}
