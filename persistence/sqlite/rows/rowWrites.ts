/**
 * Applies single writes inside the transaction of their batch. Each may be a repeat of one whose
 * commit was reported as failed though it reached the disk, and is then answered as if done now.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { recordedOf } from '../../port/audit.ts';
import type { HoldWrite } from '../../port/review.ts';
import type {
  AcceptWrite,
  ComponentWrite,
  PurgeSettledWrite,
  UpdateWrite,
  WithdrawWrite,
  Write,
  WriteResult,
} from '../../port/store.ts';
import { checkWrite, misuse } from '../../port/writeChecks.ts';
import { hasPayloadOf, payloadAfter, stateInLane } from '../../port/writes.ts';
import { commitmentOf } from '../../sealing/envelope.ts';
import { STANDING_CODES, WAITS_FOR_CODES } from '../schema/schema.ts';
import {
  bytesOfId,
  goesInside,
  idOfBytes,
  type OperationColumns,
  type OperationRow,
} from '../seals/rowSeals.ts';
import { type PurgedRows, recordOrGoOn, recordPurge } from './auditLog.ts';
import { keepAllCrisisModes, keepCrisisMode } from './crisisModes.ts';
import { keepCrisisPlan } from './crisisPlans.ts';
import { keep, purgeKept } from './kept.ts';
import { heldHeadOf, laneHeadOf, raisedBefore, raiseTo } from './laneRanks.ts';
import { IDEMPOTENCY_INDEX } from './probes.ts';
import { purge, quarantineByWrite, reinstate, replay } from './reviewWrites.ts';
import { changeMark, readMark } from './storeMark.ts';
import { envelopeOf, listRow, sealPayload, showRow, type Tables, takeRow } from './tables.ts';

const MISSING: WriteResult = { kind: 'missing' };
const COMPONENT_KEPT: WriteResult = { kind: 'componentKept' };
const UPDATED: WriteResult = { kind: 'updated', laneNext: null };
const FIRST_REVISION = 1;

/**
 * @throws HoldfastError `HF_INTERNAL` for a write that contradicts what is stored. Errors of SQLite.
 */
export function applyWrite(tables: Tables, write: Write): WriteResult {
  checkWrite(write);
  const result = applied(tables, write);
  const note = recordedOf(write, result);
  if (note !== undefined) recordOrGoOn(tables, note);
  return result;
}

function applied(tables: Tables, write: Write): WriteResult {
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
    case 'quarantine':
      return quarantineByWrite(tables, write);
    case 'reinstate':
      return reinstate(tables, write);
    case 'purgeSettled':
      return purgeSettled(tables, write);
    case 'component':
      return keepComponent(tables, write);
    case 'crisisMode':
      return keepCrisisMode(tables, write);
    case 'crisisModes':
      return keepAllCrisisModes(tables, write);
    case 'crisisPlan':
      return keepCrisisPlan(tables, write);
    case 'keep':
      return keep(tables, write);
    case 'purgeKept':
      return purgeKept(tables, write);
    case 'hold':
      return keepHold(tables, write);
    case 'anchored':
      changeMark(tables, {
        anchor: { isKept: write.isKept || readMark(tables).anchor.isKept, since: null },
      });
      return { kind: 'anchored' };
    case 'audit':
      recordOrGoOn(tables, write.note);
      return { kind: 'audited' };
  }
}

function keepHold(tables: Tables, { hold, aboveEpoch }: HoldWrite): WriteResult {
  const { anchor } = readMark(tables);
  const isAnchored = aboveEpoch !== undefined;
  if (isAnchored) tables.set.raise(aboveEpoch);
  changeMark(tables, { hold, anchor: isAnchored ? { ...anchor, since: null } : anchor });
  return { kind: 'holdKept' };
}

function accept(tables: Tables, write: AcceptWrite): WriteResult {
  const { mutations, seals, known } = tables;
  if (write.idempotencyKey !== null && tables.distrusted.has(IDEMPOTENCY_INDEX)) {
    throw undecidable(tables.path);
  }
  const lane = write.lane === null ? null : seals.laneTag(write.lane);
  const head = lane === null ? undefined : laneHeadOf(tables, lane, write.seq);
  const laneBusy = head !== undefined;
  const columns: OperationColumns = {
    seq: write.seq,
    id: bytesOfId(write.id),
    revision: FIRST_REVISION,
    key_id: seals.keyId,
    standing: STANDING_CODES[laneBusy ? 'held' : write.standing],
    due_at: laneBusy ? null : write.dueAtMs,
    expires_at: (laneBusy ? null : write.startAtMs) ?? write.expiresAtMs,
    urgency: write.urgency,
    waits_for:
      WAITS_FOR_CODES[laneBusy ? 'lane' : write.startAtMs === undefined ? 'turn' : 'startAt'],
    route: seals.routeTag(write.route),
    subject: write.subject === null ? null : seals.subjectTag(write.subject),
    lane,
    idempotency: write.idempotencyKey === null ? null : seals.idempotencyTag(write.idempotencyKey),
  };
  const { payload, envelope } = sealPayload(tables, columns, write.payload);
  const text = laneBusy ? stateInLane(write) : write.state;
  const state = seals.sealState(columns, text, payload);
  if (!mutations.insertOperation(columns, state)) return acceptAgain(tables, write, columns);
  if (envelope !== null) mutations.putPayload(write.seq, columns.key_id, envelope);
  if (write.tags !== undefined) {
    mutations.tagOperation(
      write.seq,
      write.tags.map((tag) => seals.tagTag(tag)),
    );
  }
  if (columns.standing === STANDING_CODES.inHand) {
    const commitment = envelope === null ? null : commitmentOf(envelope);
    known.remember(write.seq, columns, commitment, !laneBusy);
  }
  const raised = laneBusy ? raiseTo(tables, head, write.urgency) : null;
  return { kind: 'accepted', laneBusy, raised };
}

/** The error for a key that can't be looked up: the operation must not run twice. */
function undecidable(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The store at ${path} is damaged, so it is not known whether a request with this idempotency key was accepted before. Restore the store from a backup.`,
    { path },
  );
}

/** The insert met a row: this very operation, or another with its idempotency key. */
function acceptAgain(tables: Tables, write: AcceptWrite, columns: OperationColumns): WriteResult {
  const { statements } = tables;
  const same = statements.byId.get(columns.id) as OperationRow | undefined;
  if (same !== undefined && same.seq === write.seq) {
    const laneBusy = same.standing === STANDING_CODES.held;
    return { kind: 'accepted', laneBusy, raised: laneBusy ? raisedBefore(tables, same) : null };
  }
  const first =
    columns.idempotency === null
      ? undefined
      : (statements.byIdempotency.get(columns.idempotency) as OperationRow | undefined);
  if (first === undefined) {
    throw misuse('An accept was refused: its seq or id belongs to another operation.', 'seq');
  }
  const of = takeRow(tables, first);
  // An unreadable row was quarantined and gave up its key, so the new one can have it.
  return of === null ? accept(tables, write) : { kind: 'duplicate', of };
}

function update(tables: Tables, write: UpdateWrite): WriteResult {
  const { statements, mutations, seals, known, lanesLeft } = tables;
  let row = known.get(write.seq);
  if (row === undefined) {
    const found = statements.bySeq.get(write.seq) as OperationRow | undefined;
    if (found === undefined) return MISSING;
    // Opened first: a column edited in the file must not find its way under a new seal.
    if (showRow(tables, found).standing === 'quarantined') return makeWhole(tables, write);
    if (isEarlierThan(tables, found, write)) return makeWhole(tables, write, found.idempotency);
    row = { ...found, envelope: envelopeOf(found), isAlone: false };
  }
  if (row.revision !== write.revision - 1) return updateAgain(tables, write);

  const leaving = write.leavesLane ? row.lane : null;
  const columns: OperationColumns = {
    seq: write.seq,
    id: row.id,
    revision: write.revision,
    key_id: seals.keyId,
    standing: STANDING_CODES[write.standing],
    due_at: write.dueAtMs,
    expires_at: write.expiresAtMs,
    // In its lane it may have that of another: see laneRanks.ts.
    urgency: leaving === null ? row.urgency : write.urgency,
    waits_for: WAITS_FOR_CODES[write.waitsFor],
    route: seals.routeTag(write.route),
    subject: row.subject,
    lane: write.leavesLane ? null : row.lane,
    idempotency: row.idempotency,
  };
  const text = payloadAfter(write);
  // A payload of its own row is written once, until another replaces it.
  const isKept = write.newPayload === undefined && text !== null && !goesInside(text);
  const staysApart = isKept && row.envelope !== null;
  const { payload, envelope } = staysApart
    ? { payload: row.envelope, envelope: null }
    : sealPayload(tables, columns, text);
  const state = seals.sealState(columns, write.state, payload);
  mutations.updateOperation(row, columns, state, leaving !== null);
  if (envelope !== null) mutations.putPayload(write.seq, columns.key_id, envelope);
  else if (row.envelope !== null && !staysApart) mutations.deletePayload(write.seq);
  if (columns.standing === STANDING_CODES.inHand) {
    const commitment = payload instanceof Uint8Array ? payload : null;
    known.remember(write.seq, columns, commitment, row.isAlone);
  } else {
    known.forget(write.seq);
  }
  if (leaving === null) return UPDATED;
  lanesLeft.leave(write.seq, leaving);
  return { kind: 'updated', laneNext: row.isAlone ? null : heldHeadOf(tables, leaving) };
}

/** True for an earlier copy of a crisis that was put back behind the actor that delivers it (CR-4). */
function isEarlierThan({ set }: Tables, row: OperationRow, { revision }: UpdateWrite): boolean {
  return row.revision !== revision - 1 && !set.holds('operation', row.seq, row.state);
}

/**
 * Mends the row of a live operation that does not open, or is an earlier copy. Its update carries the true state and
 * payload, and all columns that must not be taken from such a row; its lane is given up already, and so is its
 * idempotency key, but that of a crisis.
 */
function makeWhole(
  tables: Tables,
  write: UpdateWrite,
  idempotency: Uint8Array | null = null,
): WriteResult {
  const { mutations, seals, known } = tables;
  const columns: OperationColumns = {
    seq: write.seq,
    id: bytesOfId(write.id),
    revision: write.revision,
    key_id: seals.keyId,
    standing: STANDING_CODES[write.standing],
    due_at: write.dueAtMs,
    expires_at: write.expiresAtMs,
    urgency: write.urgency,
    waits_for: WAITS_FOR_CODES[write.waitsFor],
    route: seals.routeTag(write.route),
    subject: write.subject === null ? null : seals.subjectTag(write.subject),
    lane: null,
    idempotency,
  };
  const { payload, envelope } = sealPayload(tables, columns, payloadAfter(write));
  mutations.replaceOperation(columns, seals.sealState(columns, write.state, payload));
  mutations.forgetQuarantine(write.seq);
  if (envelope === null) mutations.deletePayload(write.seq);
  else mutations.putPayload(write.seq, columns.key_id, envelope);
  known.forget(write.seq);
  return UPDATED;
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
    hasPayloadOf(stored, write) &&
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

function withdraw(tables: Tables, write: WithdrawWrite): WriteResult {
  const { statements, mutations, known, lanesLeft } = tables;
  const row = statements.bySeq.get(write.seq) as OperationRow | undefined;
  if (row === undefined || Buffer.compare(row.id, bytesOfId(write.id)) !== 0) {
    const lane = lanesLeft.left(write.seq);
    return lane === undefined ? MISSING : leaveLane(tables, write.seq, lane);
  }
  mutations.deleteOperation(write.seq);
  known.forget(write.seq);
  return leaveLane(tables, write.seq, row.lane);
}

function leaveLane(tables: Tables, seq: number, lane: Uint8Array | null): WriteResult {
  if (lane === null) return { kind: 'withdrawn', laneNext: null };
  tables.lanesLeft.leave(seq, lane);
  return { kind: 'withdrawn', laneNext: heldHeadOf(tables, lane) };
}

function keepComponent(tables: Tables, write: ComponentWrite): WriteResult {
  const { statements, mutations, seals } = tables;
  const tag = seals.componentTag(write.name);
  const before = (statements.componentRevision.get(tag) as number | undefined) ?? 0;
  // A number out of range was edited in the file.
  const revision = Number.isSafeInteger(before + 1) ? before + 1 : FIRST_REVISION;
  const row = { tag, revision, key_id: seals.keyId };
  const state = seals.sealComponent(row, write.name, write.state);
  mutations.keepComponent({ ...row, state });
  return COMPONENT_KEPT;
}

function purgedRows(atMs: number, rows: readonly OperationRow[]): PurgedRows {
  const seqs = rows.map(({ seq }) => seq);
  const ids = rows.map(({ id }) => idOfBytes(id));
  return { atMs, ids, from: Math.min(...seqs), to: Math.max(...seqs) };
}

/**
 * See {@link PurgeSettledWrite}. Each row is opened before it is deleted: a damaged column must not make waiting work
 * look as if it had settled long ago.
 */
function purgeSettled(tables: Tables, { nowMs, limit }: PurgeSettledWrite): WriteResult {
  const { statements, mutations, known } = tables;
  let count = 0;
  const purged: OperationRow[] = [];
  for (;;) {
    const rows = statements.purgeable.all(nowMs, limit - count) as OperationRow[];
    for (const row of rows) {
      if (listRow(tables, row).standing === 'quarantined') continue;
      mutations.deleteOperation(row.seq);
      known.forget(row.seq);
      purged.push(row);
      count += 1;
    }
    // Rows that had to be quarantined are no longer found.
    if (rows.length === 0 || count === limit) break;
  }
  if (purged.length > 0) recordPurge(tables, purgedRows(nowMs, purged));
  const next = statements.nextPurgeAt.get() as number | undefined;
  return { kind: 'purgedSettled', count, nextDueAtMs: next ?? null };
}
