/**
 * Measures how late the event loop runs what is due: everything of this process waits as long, and so
 * does the answer to a crisis (CR-1, DG-1).
 *
 * Each wake-up of the timer service tells how late it came. While work is under way one is due every
 * tenth of a second, so that a loop which is blocked then is noticed as soon as it runs again; an idle
 * process has none, and sleeps on (HM-6). Where a thread of its own serves crises to outside callers, that
 * thread notices it at any time.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { TimerService } from './timerService.ts';

/** Between two wake-ups while work is under way: so much of a delay may stay unseen. */
const TICK_MS = 100;
/** So long a delay counts for the present. */
const PRESENT_MS = 1_000;

export interface EventLoopWatchParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Pick<TimerService, 'after' | 'onWoken'>;
  /** A delay from here on is told of. */
  readonly blockedFromMs: number;
  /** Whether work is under way. */
  readonly isBusy: () => boolean;
  /** The loop ran nothing for at least so long, and runs again. */
  readonly onBlocked: (delayMs: number) => void;
}

export class EventLoopWatch {
  readonly #parts: EventLoopWatchParts;
  #isTicking = false;
  #worstMs = 0;
  #worstUntilMs = 0;
  /** When a block was last told of. */
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: EventLoopWatchParts) {
    this.#parts = parts;
    parts.timers.onWoken((lateMs) => {
      this.#woken(lateMs);
    });
  }

  /** The longest delay of the last second, in milliseconds. */
  get delayMs(): number {
    return this.#parts.clock.monotonic() < this.#worstUntilMs ? this.#worstMs : 0;
  }

  /** Work has begun. */
  wake(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#tick();
  }

  /** Another thread has had no sign of this one for so long, until now. */
  wasBlocked(forMs: number): void {
    this.#woken(forMs);
  }

  #tick(): void {
    const { timers, isBusy } = this.#parts;
    timers.after(TICK_MS, () => {
      if (isBusy()) this.#tick();
      else this.#isTicking = false;
    });
  }

  #woken(lateMs: number): void {
    if (lateMs < this.delayMs) return;
    const nowMs = this.#parts.clock.monotonic();
    this.#worstMs = lateMs;
    this.#worstUntilMs = nowMs + PRESENT_MS;
    // Timers and another thread may both have met one block: it is told of once.
    if (lateMs < this.#parts.blockedFromMs || nowMs - lateMs < this.#toldAtMs) return;
    this.#toldAtMs = nowMs;
    this.#parts.onBlocked(Math.round(lateMs));
  }
}
