/**
 * A rate limit as one number: the generic cell rate algorithm (ITU-T I.371, annex A), which is a token
 * bucket without a timer.
 *
 * @module
 */

import { count, type OptionRules } from '../../vocabulary/optionRules.ts';

/** How many calls may begin: so many a second, and so many at once where it was quiet before. */
export interface RateLimit {
  /** Calls a second in the long run, above 0; fractions are allowed. */
  readonly perSecond: number;
  /** Calls that may begin at once, at least 1. */
  readonly burst: number;
}

/** The rules of a {@link RateLimit} where a caller sets one. */
export const RATE_LIMIT_RULES: OptionRules<RateLimit> = {
  perSecond: { required: { min: 0.000_1, max: 1_000_000, whole: false } },
  burst: { required: count(1) },
};

/** The time between two calls at the rate of the limit, in milliseconds. */
export function intervalMs({ perSecond }: RateLimit): number {
  return 1_000 / perSecond;
}

/** How far ahead of its rate a limit may be used: its burst, less the call itself, in milliseconds. */
export function toleranceMs(limit: RateLimit): number {
  return (limit.burst - 1) * intervalMs(limit);
}

/**
 * By how much a token that no call began with brings the others forward, in milliseconds, where it was held
 * for `heldMs`. What came back meanwhile may be in use: that would be given twice.
 */
export function givenBackMs(limit: RateLimit, heldMs: number): number {
  return Math.max(0, intervalMs(limit) - Math.max(0, heldMs));
}

/**
 * One rate limit. Over any span of `s` seconds it gives at most `burst + perSecond × s` tokens.
 *
 * It keeps the instant at which every token would be back (`fullAtMs`). A token is due once that is no
 * further ahead than the burst allows, and taking one moves it by the time between two calls. All instants
 * are milliseconds of one clock that never goes back; the steady clock where they are kept.
 *
 * @example
 * const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
 * if (bucket.dueAtMs() <= nowMs) bucket.take(nowMs);
 */
export class TokenBucket {
  #limit: RateLimit;
  #fullAtMs: number;

  /** @param fullAtMs what an earlier bucket said; left out, all tokens are there */
  constructor(limit: RateLimit, fullAtMs: number = Number.NEGATIVE_INFINITY) {
    this.#limit = limit;
    this.#fullAtMs = fullAtMs;
  }

  get limit(): RateLimit {
    return this.#limit;
  }

  /** When every token is back; what a restart needs to know. */
  get fullAtMs(): number {
    return this.#fullAtMs;
  }

  /** When the next token is there: any time up to now means that it is. */
  dueAtMs(): number {
    return this.#fullAtMs - toleranceMs(this.#limit);
  }

  take(nowMs: number): void {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + intervalMs(this.#limit);
  }

  /** Puts back a token that nobody used, who had it for so long. */
  giveBack(heldMs: number): void {
    this.#fullAtMs -= givenBackMs(this.#limit, heldMs);
  }

  /** A crisis asks nobody. It takes a token where there is one, and leaves no debt to those that wait. */
  count(nowMs: number): void {
    this.take(nowMs);
    this.#capAt(nowMs);
  }

  /** No token is there: somebody else may have taken all of them. */
  empty(nowMs: number): void {
    this.#fullAtMs = nowMs + this.#limit.burst * intervalMs(this.#limit);
  }

  /** Another limit from now on; what was taken under the one before still counts. */
  change(limit: RateLimit, nowMs: number): void {
    this.#limit = limit;
    this.#capAt(nowMs);
  }

  /** An empty bucket is full again after its burst: no debt is longer. */
  #capAt(nowMs: number): void {
    const { burst } = this.#limit;
    this.#fullAtMs = Math.min(this.#fullAtMs, nowMs + burst * intervalMs(this.#limit));
  }
}
