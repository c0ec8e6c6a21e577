/**
 * Keeps the records of conflicts: each under the id of what it is about, so that one that is met again after a crash
 * is the same (CF-6).
 *
 * @module
 */

import { nextConflictId } from '../../machines/conflict/conflictIds.ts';
import {
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
  isToBeCarriedOut,
} from '../../machines/conflict/conflictRecord.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { KeptRecords } from '../journal/keptRecords.ts';
import type { AskedRecords } from './askedRecords.ts';

export interface ConflictKeeperParts {
  readonly kept: KeptRecords;
  readonly clock: Pick<Clock, 'now'>;
  /** How long one is kept that nobody has to look at. */
  readonly retentionMs: number;
  readonly asked: AskedRecords;
}

/** How a conflict was kept. */
export interface KeptConflict {
  /** By which it is found. */
  readonly id: string;
  /** Somebody was asked before of what needs nobody any more. */
  readonly isSettled: boolean;
}

/** As often it is written again over what another has written meanwhile. */
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
   * Keeps a conflict, and resolves once that is on disk. What people have decided of it before stays with it; while a
   * decision is being carried out, that is left alone, and this is kept beside it.
   *
   * @throws HoldfastError `HF_STORE_…`.
   */
  async keep(record: ConflictRecord): Promise<KeptConflict> {
    const { kept, clock, retentionMs, asked } = this.#parts;
    let { id } = record;
    for (let repeats = 0; repeats < REPEATS_MAX; repeats += 1) {
      const { record: before, revision } = await this.#read(id);
      if (before !== null && isToBeCarriedOut(before)) {
        id = nextConflictId(id);
        continue;
      }
      const next = { ...record, id, ...(before === null ? {} : keptOf(before)) };
      const [result] = await kept.commit([
        {
          kind: 'keep',
          room: 'conflict',
          key: id,
          lane: entityKey(next.entity),
          text: encodeConflict(next),
          isOpen: isOpen(next),
          // It may have waited for longer than that before anybody could look at it.
          keepUntilMs: clock.now() + retentionMs,
          revision,
        },
      ]);
      if (result?.kind !== 'kept') continue;
      asked.kept(next);
      return { id, isSettled: before !== null && isOpen(before) && !isOpen(next) };
    }
    throw new HoldfastError(
      'HF_INTERNAL',
      'A conflict was written by others each time it was to be kept. Please report this defect.',
    );
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

/** What stays of a conflict that is met again. */
function keptOf(before: ConflictRecord): Partial<ConflictRecord> {
  const { openedAtMs, decisions } = before;
  // What people have decided is over; what is asked now is asked since now.
  return isOpen(before) ? { openedAtMs, decisions } : { decisions };
}
