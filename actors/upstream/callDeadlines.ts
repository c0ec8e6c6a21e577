/**
 * The deadlines of the attempts at one upstream, behind one timer: beginning and ending an attempt is a
 * link in a list, and costs no timer of its own.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { CallAttempt } from './callAttempt.ts';

export interface CallDeadlinesParts {
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly onDue: (attempt: CallAttempt) => void;
}

export class CallDeadlines {
  readonly #parts: CallDeadlinesParts;
  #first: CallAttempt | null = null;
  #cancel: (() => void) | null = null;
  #armedForMs = Number.POSITIVE_INFINITY;

  constructor(parts: CallDeadlinesParts) {
    this.#parts = parts;
  }

  add(attempt: CallAttempt): void {
    attempt.next = this.#first;
    if (this.#first !== null) this.#first.previous = attempt;
    this.#first = attempt;
    if (attempt.dueAtMs < this.#armedForMs) this.#arm(attempt.dueAtMs);
  }

  remove(attempt: CallAttempt): void {
    const { previous, next } = attempt;
    if (previous !== null) previous.next = next;
    else if (this.#first === attempt) this.#first = next;
    if (next !== null) next.previous = previous;
    attempt.previous = null;
    attempt.next = null;
    // The timer stays: most attempts end long before it, and the next one needs it again.
  }

  /** Moves the deadline of an attempt that is in the list. */
  move(attempt: CallAttempt, dueAtMs: number): void {
    attempt.dueAtMs = dueAtMs;
    if (dueAtMs < this.#armedForMs) this.#arm(dueAtMs);
  }

  *[Symbol.iterator](): Generator<CallAttempt> {
    for (let each = this.#first; each !== null; ) {
      const { next } = each;
      yield each;
      each = next;
    }
  }

  #arm(dueAtMs: number): void {
    this.#cancel?.();
    this.#armedForMs = dueAtMs;
    const spanMs = Math.max(0, dueAtMs - this.#parts.clock.monotonic());
    this.#cancel = this.#parts.timers.after(spanMs, this.#wake);
  }

  readonly #wake = (): void => {
    this.#cancel = null;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#parts.clock.monotonic();
    for (const attempt of [...this]) if (attempt.dueAtMs <= nowMs) this.#parts.onDue(attempt);
    let next = Number.POSITIVE_INFINITY;
    for (const attempt of this) next = Math.min(next, attempt.dueAtMs);
    if (next < this.#armedForMs) this.#arm(next);
  };
}
