/**
 * Reports durable writes to those who ordered them: in order, and in slices, so that a crisis does not
 * wait for the work that a whole batch sets off.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { WriteResult } from '../../persistence/port/store.ts';
import type { Pending } from './journalEntry.ts';

/** How long durable writes are reported without letting anything else run. */
const SLICE_MS = 2;

export class Deliveries {
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  readonly #onError: (error: unknown) => void;
  readonly #durable: { readonly pending: Pending; readonly result: WriteResult }[] = [];
  #isScheduled = false;

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
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.defer(() => {
      this.#reportSlice();
    });
  }

  #reportSlice(): void {
    const startedAtMs = this.#clock.monotonic();
    let reported = 0;
    for (const { pending, result } of this.#durable) {
      reported += 1;
      this.#report(pending, result);
      if (this.#clock.monotonic() - startedAtMs >= SLICE_MS) break;
    }
    this.#durable.splice(0, reported);
    if (this.#durable.length > 0) {
      this.#clock.defer(() => {
        this.#reportSlice();
      });
      return;
    }
    this.#isScheduled = false;
    this.#onEmpty();
  }

  #report(pending: Pending, result: WriteResult): void {
    try {
      faultPoint('journal.beforeTell');
      pending.onDurable(result);
    } catch (error) {
      this.#onError(error);
    }
  }
}
