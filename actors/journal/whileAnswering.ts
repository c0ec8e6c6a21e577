/**
 * Calls of a person or an app that ask the store end while its disk hangs (PS-6): a store that answers nothing would
 * keep them for as long.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { StorageHealth } from './storageHealth.ts';

/** Longer than what answers from memory takes to say that it is not on disk yet. */
const GRACE_MS = 3_000;
/** A call that takes so long has something written, by which it is known whether the disk answers. */
const LOOK_AFTER_MS = 1_000;

export interface WhileAnsweringParts {
  readonly clock: Pick<Clock, 'schedule'>;
  readonly storage: Pick<StorageHealth, 'isHanging' | 'failure'>;
  /** Has something small written. */
  readonly look: () => void;
}

export class WhileAnswering {
  readonly #parts: WhileAnsweringParts;
  /** Listeners of calls that are under way, told that the disk hangs. */
  readonly #waiting = new Set<() => void>();

  constructor(parts: WhileAnsweringParts) {
    this.#parts = parts;
  }

  /** The disk hangs from now on. */
  hangs(): void {
    for (const tell of this.#waiting) tell();
  }

  /**
   * Ends as the work ends; rejects where the disk hangs and goes on to.
   *
   * @param mayBeStored whether the work changes something, which may happen all the same
   * @throws HoldfastError (rejects) `HF_STORE_HANGING`, and what the work throws.
   */
  async end<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result> {
    const { clock, storage, look } = this.#parts;
    return await new Promise<Result>((resolve, reject) => {
      const tell = (): void => {
        cancel();
        cancel = clock.schedule(GRACE_MS, () => {
          // Well again, it ends by itself.
          if (!storage.isHanging) return;
          this.#waiting.delete(tell);
          reject(notAnswered(storage.failure, mayBeStored));
        });
      };
      const over = (): void => {
        cancel();
        this.#waiting.delete(tell);
      };
      let cancel = clock.schedule(LOOK_AFTER_MS, look);
      this.#waiting.add(tell);
      if (storage.isHanging) tell();
      work.finally(over).then(resolve, reject);
    });
  }
}

function notAnswered(cause: HoldfastError | null, mayBeStored: boolean): HoldfastError {
  const fate = mayBeStored
    ? 'What was ordered may hold or not; look again once the disk answers.'
    : 'What is on it can not be read; ask again later.';
  return new HoldfastError(
    'HF_STORE_HANGING',
    `${cause?.message ?? 'The disk answers nothing.'} ${fate}`,
    { retry: 'later', mayBeStored, withStack: false },
  );
}
