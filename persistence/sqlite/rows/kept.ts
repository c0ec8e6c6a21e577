/**
 * Kept records in their table. One that can't be opened blocks nothing: it is reported, and the next write under its
 * key replaces it.
 *
 * @module
 */

import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../../machines/vocabulary/errors.ts';
import { answerToKeep, IN_USE_AGAIN_MS, KEPT_ROOMS, laneOfKept } from '../../port/kept.ts';
import type {
  KeepResult,
  KeepWrite,
  Kept,
  KeptCounts,
  KeptKey,
  KeptPage,
  KeptPageQuery,
  KeptRoom,
  PurgeKeptWrite,
  UnreadableKept,
  WriteResult,
} from '../../port/store.ts';
import { KEPT_ROOM_CODES } from '../schema/schemaV1.ts';
import type { KeptRow } from '../seals/rowSeals.ts';
import { checkKeptIndexes } from './selfChecks.ts';
import type { StatementName } from './statements.ts';
import type { Tables } from './tables.ts';
import { isDamage } from './unreadableRows.ts';

const FIRST_REVISION = 1;
const OPEN = 1;
const ERASED: KeepResult = { kind: 'kept', revision: 0 };
const TAMPERED: UnreadableKept = { unreadable: 'HF_RECORD_TAMPERED' };
const STALE: UnreadableKept = { unreadable: 'HF_RECORD_STALE' };
const MISSING: UnreadableKept = { unreadable: 'HF_RECORD_MISSING' };
/** The answer for a record on a page that can't be read. */
const DAMAGED: UnreadableKept = { unreadable: 'HF_STORE_CORRUPT' };
const ROOMS: ReadonlyMap<number, KeptRoom> = new Map(
  KEPT_ROOMS.map((room) => [KEPT_ROOM_CODES[room], room]),
);

/** See {@link KeptStore.kept}. */
export function findKept(tables: Tables, query: KeptKey): Kept | UnreadableKept | null {
  try {
    const place = placeOf(tables, query);
    return recordOf(tables, place, rowOf(tables, place));
  } catch (error) {
    if (!isDamage(error)) throw error;
    return DAMAGED;
  }
}

/** See {@link KeptStore.keptPage}. */
export function keptPage(tables: Tables, query: KeptPageQuery): KeptPage {
  // From the index, so that a record on a damaged page is reported too.
  const seqs = seqsOf(tables, query);
  const rows = seqs.map((seq): KeptPage['rows'][number] => {
    const row = readableRow(tables, seq);
    if (row !== null && query.isOpen !== true) checkKeptIndexes(tables, row);
    const record = row === null ? DAMAGED : opened(tables, row);
    return 'unreadable' in record ? { ...record, seq } : record;
  });
  return { rows, nextSeq: seqs.length < query.limit ? null : (seqs.at(-1) ?? null) };
}

/** See {@link KeptStore.keptCounts}. */
export function keptCounts({ statements }: Tables): KeptCounts {
  return {
    entity: statements.keptEntityCount.get() as number,
    conflict: statements.keptConflictCount.get() as number,
    openConflicts: statements.keptOpenCount.get(KEPT_ROOM_CODES.conflict) as number,
  };
}

/** See {@link KeepWrite}. */
export function keep(tables: Tables, write: KeepWrite): WriteResult {
  const result = keepOne(tables, write);
  if (result.kind === 'kept') {
    for (const other of write.also ?? []) keepOne(tables, { kind: 'keep', ...other });
  }
  return result;
}

function keepOne(tables: Tables, write: KeepWrite): KeepResult {
  const { statements, mutations, seals } = tables;
  const { text, isOpen = false, keepUntilMs = null } = write;
  const place = placeOf(tables, write);
  const row = rowOf(tables, place);
  const before = recordOf(tables, place, row);
  const isReadable = before !== null && !('unreadable' in before);
  // Nothing of a row that does not open is taken over.
  const subjectBefore = isReadable ? (row?.subject ?? null) : null;
  const subject = write.subject === undefined ? subjectBefore : seals.keptSubjectTag(write.subject);
  const isOfSubject = isSameTag(subject, subjectBefore);
  const answer = answerToKeep(before, write, isOfSubject);
  if (answer !== 'write') return answer;
  // The check would not find it any more.
  if (before !== null && !isReadable) tellWrittenOver(tables, before.unreadable);
  if (!isReadable || text === null) mutations.deleteKept(place.room, place.key);
  if (text === null) return ERASED;
  const columns = {
    ...place,
    subject,
    seq: isReadable ? before.seq : (statements.nextKeptSeq.get() as number),
    revision: isReadable ? before.revision + 1 : FIRST_REVISION,
    key_id: seals.keyId,
    is_open: isOpen ? OPEN : 0,
    keep_until: keepUntilMs,
  };
  const state = seals.sealKept(columns, { key: write.key, text, lane: laneOfKept(write) });
  if (isReadable) mutations.updateKept({ ...columns, state }, !isOfSubject);
  else {
    mutations.insertKept({ ...columns, state });
    // Its number may be that of a deleted record.
    tables.unreadableKept.delete(columns.seq);
  }
  return { kind: 'kept', revision: columns.revision };
}

function tellWrittenOver({ onNotice, path }: Tables, code: string): void {
  onNotice(
    new HoldfastError(
      code as ErrorCode,
      `A kept record of the store at ${path} was missing, or can't be used (${code}), and is written again. Find out who writes to the file; see holdfast doctor --deep.`,
      { path, withStack: false },
    ),
  );
}

/**
 * See {@link PurgeKeptWrite}. Each record is opened before it is deleted: a damaged column must not make a waiting one
 * look as if it had ended. One that can't be opened stays, is reported, and is passed over from then on. After one that
 * can't even be read SQLite takes no more writes in this transaction; the next purge passes over it.
 */
export function purgeKept(tables: Tables, { nowMs, limit }: PurgeKeptWrite): WriteResult {
  const { statements, mutations, unreadableKept } = tables;
  const passedOver = (): string => JSON.stringify([...unreadableKept]);
  let count = 0;
  let inUse = 0;
  for (;;) {
    const seqs = statements.keptEnding.all(nowMs, passedOver(), limit - count - inUse) as number[];
    for (const seq of seqs) {
      const row = readableRow(tables, seq);
      const record = row === null ? DAMAGED : opened(tables, row);
      if (row === null || 'unreadable' in record) unreadableKept.add(seq);
      else if (isInUse(tables, record)) {
        keepOne(tables, { kind: 'keep', ...record, keepUntilMs: nowMs + IN_USE_AGAIN_MS });
        inUse += 1;
      } else {
        mutations.deleteKept(row.room, row.key);
        count += 1;
      }
    }
    if (seqs.length === 0 || count + inUse === limit) break;
  }
  const next = statements.nextKeptEndingAt.get(passedOver()) as number | undefined;
  return { kind: 'purgedKept', count, nextDueAtMs: next ?? null };
}

/** True if operations are in its lane. */
function isInUse({ statements, seals }: Tables, { lane }: Kept): boolean {
  if (lane === null) return false;
  const tag = seals.laneTag(lane);
  return statements.inLaneSeqs.get(tag, 0, tag, 0, 1) !== undefined;
}

const PAGES = {
  entity: { newest: 'keptEntitiesNewest', oldest: 'keptEntitiesOldest' },
  conflict: { newest: 'keptConflictsNewest', oldest: 'keptConflictsOldest' },
} as const satisfies Record<KeptRoom, Record<KeptPageQuery['order'], StatementName>>;
const OPEN_PAGES = { newest: 'keptOpenNewest', oldest: 'keptOpenOldest' } as const;
const PAGES_OF_SUBJECT = { newest: 'keptOfSubjectNewest', oldest: 'keptOfSubjectOldest' } as const;

function seqsOf({ statements, seals }: Tables, query: KeptPageQuery): number[] {
  const { room, order, fromSeq, limit, subject } = query;
  if (subject !== undefined) {
    const of = [seals.keptSubjectTag(subject), KEPT_ROOM_CODES[room]];
    return statements[PAGES_OF_SUBJECT[order]].all(...of, fromSeq, limit) as number[];
  }
  return query.isOpen === true
    ? (statements[OPEN_PAGES[order]].all(KEPT_ROOM_CODES[room], fromSeq, limit) as number[])
    : (statements[PAGES[room][order]].all(fromSeq, limit) as number[]);
}

/** `null` where its page is damaged. */
function readableRow({ statements }: Tables, seq: number): KeptRow | null {
  try {
    return statements.keptBySeq.get(seq) as KeptRow;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return null;
  }
}

/** Where a record is: its room, and the fingerprint of its key. */
type Place = Pick<KeptRow, 'room' | 'key'>;

function placeOf({ seals }: Tables, { room, key }: KeptKey): Place {
  return { room: KEPT_ROOM_CODES[room], key: seals.keptTag(room, key) };
}

function rowOf({ statements }: Tables, { room, key }: Place): KeptRow | undefined {
  return statements.kept.get(room, key) as KeptRow | undefined;
}

/** The record in a place; unreadable where the set holds another, or the table none. */
function recordOf(
  tables: Tables,
  place: Place,
  row: KeptRow | undefined,
): Kept | UnreadableKept | null {
  if (row !== undefined) return opened(tables, row);
  return tables.set.has('kept', place.key) ? MISSING : null;
}

function isSameTag(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return Buffer.compare(one, other) === 0;
}

function opened(
  { seals, set }: Pick<Tables, 'seals' | 'set'>,
  row: KeptRow,
): Kept | UnreadableKept {
  const room = ROOMS.get(row.room);
  if (room === undefined) return TAMPERED;
  try {
    const { seq, revision, keep_until: keepUntilMs } = row;
    const isOpen = row.is_open === OPEN;
    const sealed = seals.openKept(row);
    if (!set.holds('kept', row.key, row.state)) return STALE;
    return { room, ...sealed, revision, seq, isOpen, keepUntilMs };
  } catch (error) {
    if (isHoldfastError(error)) return { unreadable: codeOf(error) };
    // Any other failure here means a column that no row of ours can hold.
    if (error instanceof TypeError || error instanceof RangeError) return TAMPERED;
    throw error;
  }
}

/** The error code of a record; a column of the wrong kind counts as a seal that does not open. */
function codeOf({ code }: HoldfastError): string {
  return code === 'HF_INTERNAL' ? TAMPERED.unreadable : code;
}
