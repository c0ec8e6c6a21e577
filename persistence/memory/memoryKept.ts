/**
 * The kept records of the memory store.
 *
 * @module
 */

import { subjectForm } from '../../machines/vocabulary/subject.ts';
import { answerToKeep, IN_USE_AGAIN_MS, laneOfKept } from '../port/kept.ts';
import {
  type KeepResult,
  type KeepWrite,
  type Kept,
  type KeptCounts,
  type KeptKey,
  type KeptPage,
  type KeptPageQuery,
  NEVER_MS,
  type PurgeKeptWrite,
  type WriteResult,
} from '../port/store.ts';

/** A kept record, and whom it is about. */
export interface MemoryRecord extends Kept {
  /** The person concerned, in the form by which they are found. */
  readonly subject: string | undefined;
}

export class MemoryKept {
  readonly #records = new Map<string, MemoryRecord>();
  #lastSeq = 0;

  find(key: KeptKey): Kept | null {
    const record = this.#records.get(nameOf(key));
    return record === undefined ? null : keptOf(record);
  }

  /** All records, in no order. */
  all(): MemoryRecord[] {
    return [...this.#records.values()];
  }

  /** Puts this in the place of a record, or takes the record away; no write does that. */
  replace(key: KeptKey, record: MemoryRecord | null): void {
    if (record === null) this.#records.delete(nameOf(key));
    else this.#records.set(nameOf(key), record);
  }

  /** See {@link KeepWrite}. */
  keep(write: KeepWrite): WriteResult {
    const result = this.#keepOne(write);
    if (result.kind === 'kept') {
      for (const other of write.also ?? []) this.#keepOne({ kind: 'keep', ...other });
    }
    return result;
  }

  #keepOne(write: KeepWrite): KeepResult {
    const { room, key, text, isOpen = false, keepUntilMs = null } = write;
    const before = this.#records.get(nameOf(write)) ?? null;
    const subject = write.subject === undefined ? before?.subject : subjectForm(write.subject);
    const answer = answerToKeep(before, write, subject === before?.subject);
    if (answer !== 'write') return answer;
    if (text === null) {
      this.#records.delete(nameOf(write));
      return { kind: 'kept', revision: 0 };
    }
    if (before === null) this.#lastSeq += 1;
    const revision = (before?.revision ?? 0) + 1;
    const seq = before?.seq ?? this.#lastSeq;
    const lane = laneOfKept(write);
    const kept = { room, key, text, revision, seq, isOpen, keepUntilMs, lane };
    this.#records.set(nameOf(write), { ...kept, subject });
    return { kind: 'kept', revision };
  }

  /**
   * See {@link PurgeKeptWrite}.
   *
   * @param isLaneTaken whether operations are in the lane of that name
   */
  purge({ nowMs, limit }: PurgeKeptWrite, isLaneTaken: (lane: string) => boolean): WriteResult {
    let count = 0;
    for (const record of this.#ending().slice(0, limit)) {
      if (endOf(record) > nowMs) break;
      if (record.lane !== null && isLaneTaken(record.lane)) {
        this.#keepOne({ kind: 'keep', ...record, keepUntilMs: nowMs + IN_USE_AGAIN_MS });
      } else {
        this.#records.delete(nameOf(record));
        count += 1;
      }
    }
    return { kind: 'purgedKept', count, nextDueAtMs: this.#ending()[0]?.keepUntilMs ?? null };
  }

  /** Records with an end, the earliest first. */
  #ending(): MemoryRecord[] {
    return [...this.#records.values()]
      .filter(({ isOpen, keepUntilMs }) => !isOpen && keepUntilMs !== null)
      .toSorted((a, b) => endOf(a) - endOf(b) || a.seq - b.seq);
  }

  /** See {@link KeptStore.keptPage}. */
  page({ room, isOpen, subject, order, fromSeq, limit }: KeptPageQuery): KeptPage {
    const isNewest = order === 'newest';
    const rows = [...this.#records.values()]
      .filter((record) => record.room === room && (isOpen === undefined || record.isOpen))
      .filter((record) => subject === undefined || record.subject === subjectForm(subject))
      .filter(({ seq }) => (isNewest ? seq < fromSeq : seq > fromSeq))
      .toSorted((a, b) => (isNewest ? b.seq - a.seq : a.seq - b.seq))
      .slice(0, limit)
      .map(keptOf);
    return { rows, nextSeq: rows.length < limit ? null : (rows.at(-1)?.seq ?? null) };
  }

  counts(): KeptCounts {
    const all = [...this.#records.values()];
    const conflicts = all.filter(({ room }) => room === 'conflict');
    return {
      entity: all.length - conflicts.length,
      conflict: conflicts.length,
      openConflicts: conflicts.filter(({ isOpen }) => isOpen).length,
    };
  }
}

function nameOf({ room, key }: KeptKey): string {
  return `${room} ${key}`;
}

function endOf({ keepUntilMs }: Kept): number {
  return keepUntilMs ?? NEVER_MS;
}

function keptOf(record: MemoryRecord): Kept {
  const { subject: _, ...kept } = record;
  return kept;
}
