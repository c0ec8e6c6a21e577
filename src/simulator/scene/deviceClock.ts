/**
 * The clock of a device: true time as its user has set it, with sleeps that its monotonic clock may count or leave
 * out.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { VirtualClock } from '../../virtual/virtualClock.ts';
import { AHEAD_MS_MAX } from '../oracle/trace.ts';

export class DeviceClock implements Clock {
  readonly #true: VirtualClock;
  /** Called before each wake-up. */
  readonly #beforeWake: () => void;
  #wallAheadMs: number;
  /** Furthest that the wall clock was ahead of the monotonic one before it was last set. */
  #furthestMs = Number.NEGATIVE_INFINITY;
  /** Milliseconds of all sleeps that the monotonic clock left out. */
  #uncountedMs = 0;
  /** Present sleep: monotonic time stands still in it, or goes on. */
  #sleep: { readonly fromMs: number; readonly isCounted: boolean } | null = null;
  #wokeAtMs = Number.NEGATIVE_INFINITY;
  /** Timers that came due while it slept, in order. */
  #overdue: (() => void)[] = [];
  /** Times that each reading, and each turn of the event loop, takes while its processor is slow. */
  #slow = { readMs: 0, turnMs: 0 };
  /** Last reading by a slow processor; true time catches up with it. */
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(clock: VirtualClock, wallAheadMs: number, beforeWake: () => void) {
    this.#true = clock;
    this.#wallAheadMs = wallAheadMs;
    this.#beforeWake = beforeWake;
  }

  now(): number {
    return this.#true.now() + this.#wallAheadMs;
  }

  monotonic(): number {
    const countedMs = this.#counted();
    const { readMs } = this.#slow;
    if (readMs === 0 && this.#readMs <= countedMs) return countedMs;
    this.#readMs = Math.max(countedMs, Math.min(this.#readMs + readMs, countedMs + AHEAD_MS_MAX));
    return this.#readMs;
  }

  #counted(): number {
    const { fromMs, isCounted } = this.#sleep ?? { fromMs: 0, isCounted: true };
    return (isCounted ? this.#true.monotonic() : fromMs) - this.#uncountedMs;
  }

  busy(): number {
    return 0;
  }

  schedule(delayMs: number, wake: () => void): () => void {
    const dueAtMs = this.#counted() + Math.max(0, delayMs);
    let countedSinceMs = this.#uncountedMs;
    let isCancelled = false;
    const due = (): void => {
      if (isCancelled) return;
      if (this.#sleep !== null) {
        this.#overdue.push(due);
        return;
      }
      // A sleep that does not count leaves the timer as long to wait as before.
      const leftMs = this.#uncountedMs > countedSinceMs ? dueAtMs - this.#counted() : 0;
      countedSinceMs = this.#uncountedMs;
      if (leftMs > 0) cancel = this.#true.schedule(leftMs, due);
      else {
        this.#beforeWake();
        wake();
      }
    };
    let cancel = this.#true.schedule(delayMs, due);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  defer(go: () => void): void {
    this.schedule(this.#slow.turnMs, go);
  }

  /** Latest time that the wall clock could show if nobody had set it back: due times on disk may go by that time. */
  latest(): number {
    return this.monotonic() + Math.max(this.#furthestMs, this.now() - this.monotonic());
  }

  /** Sets the wall clock forward (below 0: back). */
  setWall(byMs: number): void {
    this.#furthestMs = this.latest() - this.monotonic();
    this.#wallAheadMs += byMs;
  }

  /** Slows its processor, so that work is done in more turns, with other things between them; zeros end that. */
  slow(readMs: number, turnMs: number): void {
    this.#slow = { readMs, turnMs };
  }

  /** Tells whether it slept at some time since `atMs` of true monotonic time. */
  hasSleptSince(atMs: number): boolean {
    return this.isAsleep || this.#wokeAtMs >= atMs;
  }

  get isAsleep(): boolean {
    return this.#sleep !== null;
  }

  /** Puts the device to sleep; `isCounted` says whether the monotonic clock goes on. */
  sleep(isCounted: boolean): void {
    this.#sleep ??= { fromMs: this.#true.monotonic(), isCounted };
  }

  /** Wakes the device, and fires the timers that came due in its sleep. */
  wake(): void {
    if (this.#sleep === null) return;
    const { fromMs, isCounted } = this.#sleep;
    this.#sleep = null;
    this.#wokeAtMs = this.#true.monotonic();
    if (!isCounted) this.#uncountedMs += this.#true.monotonic() - fromMs;
    for (const due of this.#overdue.splice(0)) this.#true.schedule(0, due);
  }
}

/** Wraps a clock so that it counts its running timers. */
export function countedClock(clock: Clock): {
  readonly clock: Clock;
  readonly timers: () => number;
} {
  const running = new Set<object>();
  return {
    timers: () => running.size,
    clock: {
      ...clock,
      schedule: (delayMs, wake) => {
        const timer = {};
        running.add(timer);
        const cancel = clock.schedule(delayMs, () => {
          running.delete(timer);
          wake();
        });
        return () => {
          running.delete(timer);
          cancel();
        };
      },
    },
  };
}
