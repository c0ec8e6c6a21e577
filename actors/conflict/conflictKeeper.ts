/**
 * Keeps the records of conflicts: each under the id of what it is about, so that one that is met again after a crash
 * is the same (CF-6).
 *
 * @module
 */

import {
  afterLaterEdit,
  auditSinceDecided,
  joined,
  type LaterEdit,
} from '../../machines/conflict/askedOnce.ts';
import {
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
  isToBeCarriedOut,
  nextConflictId,
} from '../../machines/conflict/conflictRecord.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { AuditNote } from '../../persistence/port/audit.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import type { KeptRecords } from '../journal/keptRecords.ts';
import type { AskedRecords } from './openConflicts.ts';

export interface ConflictKeeperParts {
  readonly kept: KeptRecords;
  readonly clock: Pick<Clock, 'now'>;
  /** How long one is kept that nobody has to look at. */
  readonly retentionMs: number;
  readonly asked: AskedRecords;
  readonly notes: AuditNotes;
}

/** How a conflict was kept. */
export interface KeptConflict {
  /** By which it is found. */
  readonly id: string;
  /** Somebody was asked before of what needs nobody any more. */
  readonly isSettled: boolean;
  /** A person is asked something that nobody was asked before. */
  readonly isNews: boolean;
}

/** Times that a conflict is written again over what another has written meanwhile. */
const REPEATS_MAX = 8;

export class ConflictKeeper {
  readonly #parts: ConflictKeeperParts;

  constructor(parts: ConflictKeeperParts) {
    this.#parts = parts;
  }

  /** `null` where there is none, or none that can be read. */
  async find(id: string): Promise<ConflictRecord | null> {
    return (await this.#read(id)).record;
  }

  /** Whether a person is asked what becomes of this edit, or their decision is about to be carried out. */
  async isAsked(id: string, operationId: string): Promise<boolean> {
    const record = await this.find(id);
    return record?.isHeld === true && record.operationId === operationId && isOpen(record);
  }

  /**
   * Keeps a conflict, and resolves once that is on disk. Where another about its record is open it joins that one. What
   * people have decided of it before stays with it; while a decision is being carried out, that is left alone, and this
   * is kept beside it.
   *
   * @param edit the one that met it, where that goes out; `null`: it is kept by itself
   * @throws HoldfastError `HF_STORE_…`.
   */
  async keep(record: ConflictRecord, edit: LaterEdit | null = null): Promise<KeptConflict> {
    const open = edit === null ? null : await this.#openBeside(record);
    let { id } = open ?? record;
    for (let repeats = 0; repeats < REPEATS_MAX; repeats += 1) {
      const { record: before, revision } = await this.#read(id);
      if (before !== null && isToBeCarriedOut(before)) {
        id = nextConflictId(id);
        continue;
      }
      const isJoined = edit !== null && before !== null && mayJoin(before, record);
      const next = isJoined
        ? joined(before, record, edit)
        : { ...record, id, ...(before === null ? {} : keptOf(before, record)) };
      if (!(await this.#write(next, revision, before))) continue;
      return {
        id,
        isSettled: before !== null && isOpen(before) && !isOpen(next),
        isNews: !isJoined || hasNews(before, next),
      };
    }
    throw new HoldfastError(
      'HF_INTERNAL',
      'A conflict was written by others each time it was to be kept. Please report this defect.',
    );
  }

  /**
   * A later edit of the record goes out, or waits: what is asked shows what it says, or is settled by it. Resolves with
   * the conflicts that need nobody any more, once that is on disk.
   *
   * @param areWaiting they wait behind one that is held; else they go out
   */
  async follow(
    entity: Entity,
    edits: readonly LaterEdit[],
    areWaiting: boolean,
  ): Promise<readonly ConflictRecord[]> {
    const settled: ConflictRecord[] = [];
    for (const id of this.#parts.asked.of(entity)) {
      for (let repeats = 0; repeats < REPEATS_MAX; repeats += 1) {
        const { record: before, revision } = await this.#read(id);
        if (before === null || before.isHeld !== areWaiting) break;
        const next = edits.reduce(afterLaterEdit, before);
        if (next === before) break;
        if (!(await this.#write(next, revision, before))) continue;
        if (!isOpen(next)) settled.push(next);
        break;
      }
    }
    return settled;
  }

  async #openBeside(record: ConflictRecord): Promise<ConflictRecord | null> {
    for (const id of this.#parts.asked.of(record.entity)) {
      const open = await this.find(id);
      if (open !== null && mayJoin(open, record)) return open;
    }
    return null;
  }

  async #write(
    record: ConflictRecord,
    revision: number,
    before: ConflictRecord | null,
  ): Promise<boolean> {
    const { kept, clock, retentionMs, asked, notes } = this.#parts;
    const [result] = await kept.commit([
      {
        kind: 'keep',
        room: 'conflict',
        key: record.id,
        subject: record.subject,
        lane: entityKey(record.entity),
        text: encodeConflict(record),
        isOpen: isOpen(record),
        // It may have waited for longer than that before anybody could look at it.
        keepUntilMs: clock.now() + retentionMs,
        revision,
        audit: conflictNote(notes, before, record),
      },
    ]);
    if (result?.kind !== 'kept') return false;
    asked.kept(record);
    return true;
  }

  /** Nobody has to decide it any more: it was decided elsewhere. `null` where nobody is asked, or an edit waits for it. */
  async close(id: string): Promise<ConflictRecord | null> {
    for (;;) {
      const { record, revision } = await this.#read(id);
      if (record === null || record.state === 'resolved' || record.isHeld) return null;
      const next: ConflictRecord = { ...record, state: 'resolved' };
      if (await this.#write(next, revision, record)) return next;
    }
  }

  /** Erases one that is over, and resolves with whether it did. */
  async erase(id: string, revision: number): Promise<boolean> {
    const [result] = await this.#parts.kept.commit([
      { kind: 'keep', room: 'conflict', key: id, text: null, revision },
    ]);
    return result?.kind === 'kept';
  }

  async #read(
    id: string,
  ): Promise<{ readonly record: ConflictRecord | null; readonly revision: number }> {
    const kept = await this.#parts.kept.find({ room: 'conflict', key: id });
    if (kept === null || 'unreadable' in kept) return { record: null, revision: 0 };
    return { record: decodeConflict(kept.text), revision: kept.revision };
  }
}

/** Both are about what went out already, so one question can be of both. */
function mayJoin(open: ConflictRecord, next: ConflictRecord): boolean {
  const areOpen = [open, next].every(({ state, isHeld }) => state === 'awaitingReview' && !isHeld);
  return areOpen && entityKey(open.entity) === entityKey(next.entity);
}

function hasNews(before: ConflictRecord, next: ConflictRecord): boolean {
  const known = new Set(before.items.map(({ path }) => path));
  return next.items.some(({ path }) => !known.has(path));
}

/** What stays of a conflict that is met again. */
function keptOf(before: ConflictRecord, next: ConflictRecord): Partial<ConflictRecord> {
  const { openedAtMs, decisions } = before;
  const audit = decisions.length === 0 ? next.audit : auditSinceDecided(before, next);
  // What people have decided is over; what is asked now is asked since now.
  return isOpen(before) ? { openedAtMs, decisions, audit } : { decisions, audit };
}

/** Note of a change of a conflict; `undefined` where nothing of it is news. */
export function conflictNote(
  notes: AuditNotes,
  before: ConflictRecord | null,
  after: ConflictRecord,
): AuditNote | undefined {
  const { operationId, subject, reason } = after;
  const about = { operationId: operationId ?? undefined, subject, code: reason };
  const decision = after.decisions.at(-1);
  if (decision !== undefined && after.decisions.length > (before?.decisions.length ?? 0)) {
    const act = decision.kind === 'undone' ? 'conflict.undone' : 'conflict.resolved';
    return notes.of({ act, ...about, by: decision.by.id });
  }
  const [wasAsked, isAsked] = [before, after].map(
    (one) => one !== null && one.state !== 'resolved',
  );
  if (wasAsked === isAsked) return undefined;
  return notes.of({
    act: isAsked === true ? 'conflict.awaitsReview' : 'conflict.resolved',
    ...about,
  });
}
