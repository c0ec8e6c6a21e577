/**
 * The opt-in rules that open a breaker beside an outage (CB-1): failures in a row, the share of failures,
 * the share of slow calls.
 *
 * Nothing here goes by the order in which calls end: with many in flight those that fail fast come first
 * and those that time out come last, and either looks like a run of failures.
 *
 * @module
 */

import type { TripRules } from './breakerPolicy.ts';

/** Calls, and how many of them failed or were slow. */
interface WindowCounts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

interface CallWindow extends WindowCounts {
  /** Takes a call that has ended in; `atMs` from a clock that only grows. */
  record(failed: boolean, isSlow: boolean, atMs: number): void;
  /** Forgets everything. */
  clear(): void;
}

const FAILED = 1;
const SLOW = 2;

/** The latest calls, whenever they were. Each costs the same small time whatever the size. */
class CountWindow implements CallWindow {
  readonly #marks: Uint8Array;
  #next = 0;
  calls = 0;
  failures = 0;
  slow = 0;

  constructor(size: number) {
    this.#marks = new Uint8Array(size);
  }

  record(failed: boolean, isSlow: boolean): void {
    const mark = (failed ? FAILED : 0) + (isSlow ? SLOW : 0);
    if (this.calls < this.#marks.length) this.calls += 1;
    else this.#count(this.#marks[this.#next] ?? 0, -1);
    this.#count(mark, 1);
    this.#marks[this.#next] = mark;
    this.#next = (this.#next + 1) % this.#marks.length;
  }

  clear(): void {
    this.#next = 0;
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }

  #count(mark: number, by: 1 | -1): void {
    if ((mark & FAILED) !== 0) this.failures += by;
    if ((mark & SLOW) !== 0) this.slow += by;
  }
}

const SLICES = 10;

/**
 * The calls of the last milliseconds. It forgets by time and not by traffic, so that what failed an hour
 * ago counts no more. Kept in slices: what is read covers between nine tenths of the span and all of it.
 */
class TimeWindow implements CallWindow {
  readonly #sliceMs: number;
  readonly #slices: { calls: number; failures: number; slow: number }[] = Array.from(
    { length: SLICES },
    () => ({ calls: 0, failures: 0, slow: 0 }),
  );
  #slice = Number.NEGATIVE_INFINITY;
  calls = 0;
  failures = 0;
  slow = 0;

  constructor(spanMs: number) {
    this.#sliceMs = spanMs / SLICES;
  }

  record(failed: boolean, isSlow: boolean, atMs: number): void {
    this.#advanceTo(atMs);
    const slice = this.#slices[this.#slice % SLICES];
    if (slice === undefined) return;
    slice.calls += 1;
    this.calls += 1;
    if (failed) {
      slice.failures += 1;
      this.failures += 1;
    }
    if (isSlow) {
      slice.slow += 1;
      this.slow += 1;
    }
  }

  clear(): void {
    for (const slice of this.#slices) this.#empty(slice);
  }

  #advanceTo(atMs: number): void {
    const slice = Math.max(this.#slice, Math.floor(Math.max(0, atMs) / this.#sliceMs));
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let back = 0; back < passed; back += 1) {
      const passedBy = this.#slices[(slice - back + SLICES) % SLICES];
      if (passedBy !== undefined) this.#empty(passedBy);
    }
    this.#slice = slice;
  }

  #empty(slice: { calls: number; failures: number; slow: number }): void {
    this.calls -= slice.calls;
    this.failures -= slice.failures;
    this.slow -= slice.slow;
    slice.calls = 0;
    slice.failures = 0;
    slice.slow = 0;
  }
}

/** Which rule opened a breaker. */
export type RuleCause = 'consecutive' | 'failureRate' | 'slowCallRate';

/** A call that has ended and says something about the upstream. */
export interface EndedCall {
  readonly failed: boolean;
  /** By a clock that only grows, in milliseconds. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

/** What a rule has found. */
export interface RuleTrip {
  readonly cause: RuleCause;
  /** When the first failure of the row ended; for a share, now. */
  readonly firstFailureAtMs: number;
}

/** Counts calls by the rules that are set. Not kept on disk: after a restart it starts empty. */
export class TripCounter {
  readonly #rules: TripRules;
  readonly #window: CallWindow;
  #inARow = 0;
  #firstFailureAtMs = 0;
  /** When the latest success came: what was under way by then proves nothing against it. */
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(rules: TripRules) {
    this.#rules = rules;
    const { windowMs, windowCalls } = rules;
    this.#window = windowMs === null ? new CountWindow(windowCalls) : new TimeWindow(windowMs);
  }

  /** `null` where no rule is set, so that calls cost nothing. */
  static for(rules: TripRules): TripCounter | null {
    const { consecutiveFailuresToOpen, failureRateToOpen, slowCallRateToOpen } = rules;
    const isAnySet =
      consecutiveFailuresToOpen !== null ||
      failureRateToOpen !== null ||
      slowCallRateToOpen !== null;
    return isAnySet ? new TripCounter(rules) : null;
  }

  /**
   * Counts one call; what it answers opens the breaker, and comes again with each further call. An answer
   * opens it only as a slow one: no upstream is given up at the moment it answers in time.
   */
  record({ failed, beganAtMs, endedAtMs }: EndedCall): RuleTrip | null {
    const { slowCallMs } = this.#rules;
    const isSlow = endedAtMs - beganAtMs >= slowCallMs;
    this.#window.record(failed, isSlow, endedAtMs);
    if (failed) this.#noteFailure(beganAtMs, endedAtMs);
    else {
      this.#inARow = 0;
      this.#answeredAtMs = endedAtMs;
    }
    const cause = this.#cause(failed, isSlow);
    if (cause === null) return null;
    return {
      cause,
      firstFailureAtMs: cause === 'consecutive' ? this.#firstFailureAtMs : endedAtMs,
    };
  }

  /** Forgets everything; called whenever the breaker changes state. */
  clear(): void {
    this.#window.clear();
    this.#inARow = 0;
  }

  #noteFailure(beganAtMs: number, endedAtMs: number): void {
    if (beganAtMs < this.#answeredAtMs) return;
    if (this.#inARow === 0) this.#firstFailureAtMs = endedAtMs;
    this.#inARow += 1;
  }

  #cause(failed: boolean, isSlow: boolean): RuleCause | null {
    const { consecutiveFailuresToOpen, failureRateToOpen, slowCallRateToOpen, windowCallsMin } =
      this.#rules;
    if (failed && this.#inARow >= (consecutiveFailuresToOpen ?? Number.POSITIVE_INFINITY)) {
      return 'consecutive';
    }
    const { calls, failures, slow } = this.#window;
    if (calls < windowCallsMin) return null;
    if (failed && failureRateToOpen !== null && failures / calls >= failureRateToOpen) {
      return 'failureRate';
    }
    const isTooSlow = isSlow && slowCallRateToOpen !== null && slow / calls >= slowCallRateToOpen;
    return isTooSlow ? 'slowCallRate' : null;
  }
}
