/**
 * Reports durable writes to those who ordered them: in order, and in slices, so that a crisis does not
 * wait for the work that a whole batch sets off.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { WriteResult } from '../../persistence/port/store.ts';
import { Slices } from '../platform/slices.ts';
import type { Pending } from './journalEntry.ts';

interface Durable {
  readonly pending: Pending;
  readonly result: WriteResult;
}

/** So many are reported at once where that begins no attempt: it takes hardly longer than to look at the clock. */
const ENDINGS_AT_ONCE = 8;

export class Deliveries {
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  readonly #onError: (error: unknown) => void;
  #durable: Durable[] = [];
  #reported = 0;

  constructor(parts: {
    readonly clock: Clock;
    /** Everything durable has been reported. */
    readonly onEmpty: () => void;
    /** A callback of a write threw. */
    readonly onError: (error: unknown) => void;
  }) {
    this.#clock = parts.clock;
    this.#onEmpty = parts.onEmpty;
    this.#onError = parts.onError;
  }

  get isEmpty(): boolean {
    return this.#durable.length === 0;
  }

  add(pending: Pending, result: WriteResult): void {
    this.#durable.push({ pending, result });
  }

  /**
   * Begins to report what was added. Not at once: the port of the writer thread hands on up to a
   * thousand messages in a row, and what each sets off would bring the next, while timers and sockets,
   * and so crises, wait.
   */
  schedule(): void {
    Slices.of(this.#clock).workLater(this.#reportSome);
  }

  /** Reports one, and where that is an ending, which begins no attempt, some of those that follow. */
  readonly #reportSome = (): boolean => {
    for (let left = ENDINGS_AT_ONCE; left > 0 && this.#reported < this.#durable.length; left -= 1) {
      const next = this.#durable[this.#reported];
      this.#reported += 1;
      if (next === undefined) continue;
      const { entry, write } = next.pending;
      try {
        faultPoint('journal.beforeTell');
        entry.onDurable(next.result);
      } catch (error) {
        this.#onError(error);
      }
      if (write?.kind !== 'update' || write.standing !== 'settled') break;
    }
    if (this.#reported < this.#durable.length) return true;
    this.#durable = [];
    this.#reported = 0;
    this.#onEmpty();
    return false;
  };
}
