/**
 * The memory store's kept records: those of sqlite/rows/kept.ts, unsealed.
 *
 * @module
 */

import { answerToKeep, IN_USE_AGAIN_MS, laneOfKept } from '../port/kept.ts';
import type {
  KeepResult,
  KeepWrite,
  Kept,
  KeptCounts,
  KeptKey,
  KeptPage,
  KeptPageQuery,
  PurgeKeptWrite,
  WriteResult,
} from '../port/store.ts';
import { NEVER_MS } from '../port/store.ts';

export class MemoryKept {
  readonly #records = new Map<string, Kept>();
  #lastSeq = 0;

  find(key: KeptKey): Kept | null {
    return this.#records.get(nameOf(key)) ?? null;
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
    const before = this.find(write);
    const answer = answerToKeep(before, write);
    if (answer !== 'write') return answer;
    if (text === null) {
      this.#records.delete(nameOf(write));
      return { kind: 'kept', revision: 0 };
    }
    if (before === null) this.#lastSeq += 1;
    const revision = (before?.revision ?? 0) + 1;
    const seq = before?.seq ?? this.#lastSeq;
    const lane = laneOfKept(write);
    this.#records.set(nameOf(write), { room, key, text, revision, seq, isOpen, keepUntilMs, lane });
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
  #ending(): Kept[] {
    return [...this.#records.values()]
      .filter(({ isOpen, keepUntilMs }) => !isOpen && keepUntilMs !== null)
      .toSorted((a, b) => endOf(a) - endOf(b) || a.seq - b.seq);
  }

  /** See {@link KeptStore.keptPage}. */
  page({ room, isOpen, order, fromSeq, limit }: KeptPageQuery): KeptPage {
    const isNewest = order === 'newest';
    const rows = [...this.#records.values()]
      .filter((record) => record.room === room && (isOpen === undefined || record.isOpen))
      .filter(({ seq }) => (isNewest ? seq < fromSeq : seq > fromSeq))
      .toSorted((a, b) => (isNewest ? b.seq - a.seq : a.seq - b.seq))
      .slice(0, limit);
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
