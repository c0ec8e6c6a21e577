/**
 * The timers of the server, which end with it, so that none keeps a process alive.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

export class OwnTimers implements Clock {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  schedule(delayMs: number, wake: () => void): () => void {
    if (this.#isOver) return () => undefined;
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#cancels.delete(cancel);
      wake();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  defer(go: () => void): void {
    this.#clock.defer(go);
  }

  /** Cancels every timer. */
  end(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
