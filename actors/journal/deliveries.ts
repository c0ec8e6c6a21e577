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
    Slices.of(this.#clock).workLater(this.#reportNext);
  }

  readonly #reportNext = (): boolean => {
    const next = this.#durable[this.#reported];
    if (next !== undefined) {
      try {
        faultPoint('journal.beforeTell');
        next.pending.entry.onDurable(next.result);
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#reported += 1;
    if (this.#reported < this.#durable.length) return true;
    this.#durable = [];
    this.#reported = 0;
    this.#onEmpty();
    return false;
  };
}
