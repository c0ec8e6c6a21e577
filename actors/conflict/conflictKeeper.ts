/**
 * Keeps the records of conflicts: each under the id of what it is about, so that one that is met again after a crash
 * is the same (CF-6).
 *
 * @module
 */

import {
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
} from '../../machines/conflict/conflictRecord.ts';
import type { KeptRecords } from '../journal/keptRecords.ts';

export interface ConflictKeeperParts {
  readonly kept: KeptRecords;
  /** How long one is kept that nobody has to look at. */
  readonly retentionMs: number;
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
   * Keeps a conflict, and resolves once that is on disk. What people have decided of it before stays with it.
   *
   * @throws HoldfastError `HF_STORE_…`.
   */
  async keep(record: ConflictRecord): Promise<void> {
    for (let repeats = 0; repeats < REPEATS_MAX; repeats += 1) {
      const { record: before, revision } = await this.#read(record.id);
      const next =
        before === null
          ? record
          : { ...record, openedAtMs: before.openedAtMs, decisions: before.decisions };
      const [result] = await this.#parts.kept.commit([
        {
          kind: 'keep',
          room: 'conflict',
          key: record.id,
          text: encodeConflict(next),
          isOpen: isOpen(next),
          keepUntilMs: record.openedAtMs + this.#parts.retentionMs,
          revision,
        },
      ]);
      if (result?.kind === 'kept') return;
    }
  }

  async #read(
    id: string,
  ): Promise<{ readonly record: ConflictRecord | null; readonly revision: number }> {
    const kept = await this.#parts.kept.find({ room: 'conflict', key: id });
    if (kept === null || 'unreadable' in kept) return { record: null, revision: 0 };
    return { record: decodeConflict(kept.text), revision: kept.revision };
  }
}
