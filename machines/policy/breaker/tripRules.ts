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
import { type CallWindow, CountWindow, TimeWindow } from './callWindow.ts';

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
