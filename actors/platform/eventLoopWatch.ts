/**
 * Measures how late the event loop runs what is due: everything of this process waits as long, and so
 * does the answer to a crisis (CR-1, DG-1).
 *
 * Each wake-up of the timer service tells how late it came. While work is under way one is due every
 * tenth of a second, so that a loop which is blocked then is noticed as soon as it runs again; an idle
 * process has none, and sleeps on (HM-6). Where a thread of its own serves crises to outside callers, that
 * thread notices it at any time.
 *
 * A loop that had nothing to do meanwhile was not blocked: the machine slept, or the process was stopped.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { TimerService } from './timerService.ts';

/** Between two wake-ups while work is under way: so much of a delay may stay unseen. */
const TICK_MS = 100;
/** So long a delay counts for the present. */
const PRESENT_MS = 1_000;
/** Shorter, and a machine with too much to do looks the same as one that sleeps. */
const SLEPT_FROM_MS = 5_000;
/** How old the last reading of the time that was busy may be. */
const READING_MS = 1_000;

export interface EventLoopWatchParts {
  readonly clock: Pick<Clock, 'monotonic' | 'busy'>;
  readonly timers: Pick<TimerService, 'after' | 'onWoken'>;
  /** A delay from here on is told of. */
  readonly blockedFromMs: number;
  /** Whether work is under way. */
  readonly isBusy: () => boolean;
  /** The loop ran nothing for at least so long, and runs again. */
  readonly onBlocked: (delayMs: number) => void;
  /** The machine slept, or the process was stopped, for at least so long. */
  readonly onSlept: (forMs: number) => void;
}

export class EventLoopWatch {
  readonly #parts: EventLoopWatchParts;
  #isTicking = false;
  #worstMs = 0;
  #worstUntilMs = 0;
  /** For how long the thread was busy, and when that was read last. */
  #busyMs = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** When a block or a sleep was last told of. */
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
  readonly wake = (): void => {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#tick();
  };

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
    const nowMs = this.#parts.clock.monotonic();
    const hasSlept = lateMs >= SLEPT_FROM_MS && this.#wasIdle(lateMs);
    if (nowMs - this.#readAtMs >= READING_MS) this.#read(nowMs);
    if (!hasSlept) this.#noteDelay(lateMs, nowMs);
    // Timers and another thread may both have met one block: it is told of once.
    if (lateMs < this.#parts.blockedFromMs || nowMs - lateMs < this.#toldAtMs) return;
    this.#toldAtMs = nowMs;
    if (hasSlept) this.#parts.onSlept(Math.round(lateMs));
    else this.#parts.onBlocked(Math.round(lateMs));
  }

  #noteDelay(lateMs: number, nowMs: number): void {
    if (nowMs < this.#worstUntilMs && lateMs < this.#worstMs) return;
    this.#worstMs = lateMs;
    this.#worstUntilMs = nowMs + PRESENT_MS;
  }

  /** Whether the thread had nothing to do for most of the time that just passed; where nobody can tell, it had. */
  #wasIdle(ofMs: number): boolean {
    const busyMs = this.#parts.clock.busy?.();
    return busyMs !== undefined && busyMs - this.#busyMs < ofMs / 2;
  }

  #read(nowMs: number): void {
    this.#busyMs = this.#parts.clock.busy?.() ?? 0;
    this.#readAtMs = nowMs;
  }
}
