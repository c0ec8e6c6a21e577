/**
 * Takes back acceptances whose commit failed: each may have reached the disk all the same, and must not
 * run.
 *
 * @module
 */

import type { StoredOperation } from '../../persistence/port/store.ts';
import type { Pending } from './journalEntry.ts';

export class Withdrawals {
  readonly #onLaneFreed: (row: StoredOperation | null) => void;
  /** Refused, and perhaps on disk all the same until their withdrawal is. */
  readonly #underWay = new Set<string>();

  /** @param onLaneFreed see {@link Journal} */
  constructor(onLaneFreed: (row: StoredOperation | null) => void) {
    this.#onLaneFreed = onLaneFreed;
  }

  has(id: string): boolean {
    return this.#underWay.has(id);
  }

  /** What is to be written after an acceptance that failed; `null` after any other write. */
  of({ write, order }: Pending): Pending | null {
    if (write?.kind !== 'accept') return null;
    const { seq, id, lane } = write;
    this.#underWay.add(id);
    const withdrawal: Pending = {
      build: () => ({ kind: 'withdraw', seq, id }),
      order,
      write: null,
      onDurable: (result) => {
        this.#underWay.delete(id);
        if (result.kind === 'withdrawn') {
          if (result.laneNext !== null) this.#onLaneFreed(result.laneNext);
        } else if (withdrawal.isRepeat === true && lane !== null) {
          // The commit of it that failed may have reached the disk, and told nobody who is next.
          this.#onLaneFreed(null);
        }
      },
    };
    return withdrawal;
  }
}
