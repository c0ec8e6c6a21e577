/**
 * Dead letters as management reaches them, on a running engine or on a store at rest: read page by
 * page, brought back, or forgotten. Whether one may come back is decided by `broughtBack`.
 *
 * @module
 */

import { entityKey } from '../../machines/operation/keys.ts';
import type { RowPosition } from '../../machines/operation/position.ts';
import { BROUGHT_BACK } from '../../machines/operation/repeatSafety.ts';
import {
  type SyncOperationContext,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { ReplayWrite, StoredOperation, WriteResult } from '../../persistence/port/store.ts';
import { decodeOperation, encodeOperation } from '../charts/operationRecord.ts';
import { newerRecordIn } from '../charts/snapshots.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { Noted } from '../journal/auditTrail.ts';
import { operationUnknown } from '../operation/outcome.ts';
import type { ServiceAccess } from './serviceAccess.ts';

/** A dead letter: what its chart remembers of it. */
export interface DeadLetterRecord {
  /** Place in the order of acceptance. */
  readonly seq: number;
  readonly id: string;
  /** Grows with every change, so that a call about an older version changes nothing. */
  readonly revision: number;
  readonly context: SyncOperationContext;
  /** The body it was accepted with; `null` once erased, and in a page, where it is left out. */
  readonly body: string | null;
}

/** One dead letter that goes back. */
export interface DeadLetterReplay {
  readonly letter: DeadLetterRecord;
  /** Context as `broughtBack` gives it. */
  readonly context: SyncOperationContext;
  /** An edited body in place of its own; `null` keeps that. */
  readonly body: string | null;
}

/** Reads and changes dead letters. Each change is durable when its promise resolves. */
export interface DeadLetterAccess {
  /** A page, without bodies; `nextSeq` is where the next begins, `null` after the last. */
  page(query: {
    readonly order: 'newest' | 'oldest';
    /** Where the last page ended; left out for the first. */
    readonly fromSeq?: number | undefined;
    /** How many are looked at. */
    readonly limit: number;
    /** Only those for this upstream. */
    readonly upstream?: string | undefined;
  }): Promise<{ readonly letters: readonly DeadLetterRecord[]; readonly nextSeq: number | null }>;
  /**
   * One with its body.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`, `HF_RECORD_…`.
   */
  find(id: string): Promise<DeadLetterRecord>;
  /**
   * What the upstream said to its last attempt; `null` where nothing of it was kept. Throws what `find` does.
   */
  answer(id: string): Promise<UpstreamAnswer | null>;
  /** Brings them back, in order; `false` for one that has changed since it was read, or has no body. */
  replay(replays: readonly DeadLetterReplay[]): Promise<readonly boolean[]>;
  /** Forgets them for good; `false` for one that has changed since it was read. */
  purge(
    letters: readonly Pick<DeadLetterRecord, 'seq' | 'id' | 'revision'>[],
  ): Promise<readonly boolean[]>;
}

export function deadLetterAccess(access: ServiceAccess): DeadLetterAccess {
  const { store } = access;
  const rowOf = async (id: string): Promise<StoredOperation> => {
    const row = await store.find(id);
    if (row === null) throw operationUnknown();
    if (row.standing !== 'deadLettered') throw notDeadLettered();
    return row;
  };
  return {
    async page({ order, fromSeq, limit, upstream }) {
      const { rows, nextSeq } = await store.beside.deadLetters({
        order,
        fromSeq: fromSeq ?? (order === 'newest' ? Number.MAX_SAFE_INTEGER : 0),
        limit,
        routes: upstream === undefined ? undefined : [upstream],
      });
      const read = rows.map((row) => ({ row, letter: recordIfReadable(row) }));
      const unreadable = read.flatMap(({ row, letter }) => (letter === null ? [row] : []));
      await quarantineUnreadable(access, unreadable);
      return { letters: read.flatMap(({ letter }) => letter ?? []), nextSeq };
    },
    find: async (id) => recordOf(await rowOf(id)),
    answer: async (id) => decodeWork(await rowOf(id)).said.answer ?? null,
    async replay(replays) {
      const writes = replays.map(({ letter, context, body }) => {
        const position = access.positionOf(context.type);
        return () => ({
          ...replayWrite(letter, context, { position, toSeq: store.nextSeq(), payload: body }),
          audit: access.notes.of(replayedNote(letter)),
        });
      });
      const results = await access.commit(writes).catch((error: unknown) => {
        // Some of them may be back nevertheless.
        access.broughtBack(replays.map(({ context }) => context));
        throw error;
      });
      const back = replays.filter((_, index) => results[index]?.kind === 'replayed');
      if (back.length > 0) access.broughtBack(back.map(({ context }) => context));
      return results.map(({ kind }) => kind === 'replayed');
    },
    async purge(letters) {
      const results = await access.commit(
        letters.map((letter) => () => {
          const { seq, id, revision } = letter;
          const audit = access.notes.of({ act: 'operation.purged', operationId: id });
          return { kind: 'purge', seq, id, revision, audit };
        }),
      );
      for (const result of results) wakeLane(access, result);
      return results.map(({ kind }) => kind === 'purged');
    },
  };
}

function replayedNote({ id, context }: DeadLetterRecord): Noted {
  return { act: 'operation.replayed', operationId: id, subject: context.subject ?? undefined };
}

function wakeLane(access: ServiceAccess, result: WriteResult): void {
  if (result.kind === 'purged' && result.laneNext !== null) access.laneFreed(result.laneNext);
}

function recordOf(row: StoredOperation): DeadLetterRecord {
  const { seq, id, revision, payload } = row;
  return { seq, id, revision, context: deadLetterContext(row), body: payload };
}

function recordIfReadable(row: StoredOperation): DeadLetterRecord | null {
  try {
    return recordOf(row);
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
}

/** One that can't be read hides no other (PS-3); one that a later version wrote stays where it is. */
async function quarantineUnreadable(
  access: ServiceAccess,
  unreadable: readonly StoredOperation[],
): Promise<void> {
  const rows = unreadable.filter(
    ({ state }) => newerRecordIn(syncOperationMachine, state) === null,
  );
  if (rows.length === 0) return;
  await access.commit(
    rows.map(({ seq, id, revision }) => () => ({
      kind: 'quarantine',
      seq,
      id,
      revision,
      code: 'HF_RECORD_UNSUPPORTED',
    })),
  );
}

function notDeadLettered(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_DEAD_LETTERED',
    'The operation of that id is no dead letter, or no longer one. Nothing was changed.',
    { field: 'id' },
  );
}

// A dead letter on its way back: its chart decides whether (`machines/operation/repeatSafety.ts`), the
// store keeps that it was ordered, and only then does anything run (OP-5, PS-2).

/** What the row of a dead letter says of it. */
function deadLetterContext(row: StoredOperation): SyncOperationContext {
  return decodeOperation(row).snapshot.context;
}

/** The write that orders it; `payload` is an edited one. */
function replayWrite(
  row: Pick<StoredOperation, 'seq' | 'id' | 'revision'>,
  context: SyncOperationContext,
  to: { readonly position: RowPosition; readonly toSeq: number; readonly payload: string | null },
): ReplayWrite {
  return {
    kind: 'replay',
    seq: row.seq,
    id: row.id,
    revision: row.revision + 1,
    toSeq: to.toSeq,
    dueAtMs: to.position.dueAtMs ?? 0,
    waitsFor: to.position.waitsFor,
    route: to.position.route,
    lane: entityKey(context.entity),
    state: encodeOperation({ value: BROUGHT_BACK, context }),
    payload: to.payload,
  };
}
