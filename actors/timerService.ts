import type { Clock } from '../machines/vocabulary/clock.ts';

/** The longest sleep while something is due, so that a clock set forward is noticed within it. */
const SLEEP_MS_MAX = 60_000;

interface Timer {
  readonly dueAtMs: number;
  readonly wake: () => void;
  /** Where it stands in the heap; -1 once it has left. */
  index: number;
}

/**
 * One timer for everything that is due at an instant: a binary heap over a single pending wake-up of
 * the clock. O(log n) to add and to cancel; no wake-up at all while nothing is due.
 */
export class TimerService {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #heap: Timer[] = [];
  #cancelSleep: (() => void) | null = null;
  #sleepsUntilMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Calls `wake` once the clock reads `dueAtMs` or later; returns a function that cancels it. */
  at(dueAtMs: number, wake: () => void): () => void {
    if (this.#isStopped) return () => undefined;
    const timer: Timer = { dueAtMs, wake, index: this.#heap.length };
    this.#heap.push(timer);
    this.#rise(timer);
    if (dueAtMs < this.#sleepsUntilMs) this.#sleep();
    return () => {
      // The pending wake-up is left as it is: waking once for nothing is cheaper than re-arming.
      if (timer.index !== -1) this.#remove(timer);
    };
  }

  /**
   * Forgets everything, for good: what was under way when it was stopped may still ask for a wake-up,
   * and that would keep the process alive.
   */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#heap.splice(0)) timer.index = -1;
    this.#cancelSleep?.();
    this.#cancelSleep = null;
    this.#sleepsUntilMs = Number.POSITIVE_INFINITY;
  }

  #sleep(): void {
    this.#cancelSleep?.();
    this.#cancelSleep = null;
    this.#sleepsUntilMs = Number.POSITIVE_INFINITY;
    const next = this.#heap[0];
    if (next === undefined) return;
    const nowMs = this.#clock.now();
    const delayMs = Math.min(SLEEP_MS_MAX, Math.max(0, next.dueAtMs - nowMs));
    this.#sleepsUntilMs = nowMs + delayMs;
    this.#cancelSleep = this.#clock.schedule(delayMs, () => {
      this.#wakeDue();
    });
  }

  #wakeDue(): void {
    this.#cancelSleep = null;
    const nowMs = this.#clock.now();
    for (
      let next = this.#heap[0];
      next !== undefined && next.dueAtMs <= nowMs;
      next = this.#heap[0]
    ) {
      this.#remove(next);
      try {
        next.wake();
      } catch (error) {
        // One bad waker must not cost the others their wake-up.
        this.#onError(error);
      }
    }
    this.#sleep();
  }

  #remove(timer: Timer): void {
    const { index } = timer;
    timer.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #rise(timer: Timer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1];
      if (parent === undefined || parent.dueAtMs <= timer.dueAtMs) return;
      const { index } = timer;
      this.#place(timer, parent.index);
      this.#place(parent, index);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[2 * timer.index + 1];
      const right = this.#heap[2 * timer.index + 2];
      if (left === undefined) return;
      const child = right !== undefined && right.dueAtMs < left.dueAtMs ? right : left;
      if (child.dueAtMs >= timer.dueAtMs) return;
      const { index } = timer;
      this.#place(timer, child.index);
      this.#place(child, index);
    }
  }
}
