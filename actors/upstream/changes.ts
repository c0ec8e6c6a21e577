/**
 * Tells those who wait at one upstream that more or less may go out than before: after the event that
 * caused it, or at an instant that is known beforehand.
 *
 * @module
 */

import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';

export class Changes {
  readonly #listeners: (() => void)[] = [];
  readonly #timers: TimerService;
  readonly #steady: SteadyClock;
  readonly #onTold: () => void;
  #isDue = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #cancelWake: (() => void) | null = null;
  /** Somebody looked for a slot, and there was none. */
  isAwaited = false;

  /** @param onTold all have been told, and have taken what they want */
  constructor(timers: TimerService, steady: SteadyClock, onTold: () => void) {
    this.#timers = timers;
    this.#steady = steady;
    this.#onTold = onTold;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Once for however many events; later, for asking for a permit is such an event: no asker is re-entered. */
  soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.isAwaited = false;
      for (const listener of this.#listeners) listener();
      this.#onTold();
    });
  }

  /** At this instant of the steady clock, or before; `null` for none. */
  at(atMs: number | null): void {
    if (atMs === null || atMs >= this.#wakeAtMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = atMs;
    this.#cancelWake = this.#timers.after(Math.max(1, atMs - this.#steady.now()), () => {
      this.#cancelWake = null;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.soon();
    });
  }

  stop(): void {
    this.#cancelWake?.();
  }
}
