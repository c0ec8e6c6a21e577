/**
 * How many calls a second an upstream takes that answers 429 beyond its limit (PF-5).
 *
 * @module
 */

import { count, type OptionRules } from '../../vocabulary/optionFields.ts';
import type { FlowNews } from './flowNews.ts';
import type { FlowPolicy } from './flowPolicy.ts';

/** Counted in slices of a tenth of a second, over the last two seconds. */
const SLICE_MS = 100;
const SLICES = 20;
const SLICES_A_SECOND = 1000 / SLICE_MS;

/** So many 429s are chance: 5 % of the calls, and five standard deviations of that. */
const CHANCE_SHARE = 0.05;
const CHANCE_ERRORS = 5;
const PUSHED_MIN = 8;

/** Once there is a limit, so many say that the rate is above it. */
const OVER_SHARE = 0.08;
const OVER_MIN = 3;

/** The new rate is so much of what was taken in the last second. */
const OF_TAKEN = 0.98;
/** A cut takes no more than this away: what was measured may have been an unlucky moment. */
const CUT_MIN = 0.5;
/** The shortest time over which is measured what an upstream takes, in milliseconds. */
const MEASURE_MS = 300;
/** Growth in a second: begins with this share, and doubles with each second without a cut. */
const GROWTH_MIN = 0.03;
const GROWTH_MAX = 1;
/** What was learned first may be far too low, for it is learned within moments. */
const GROWTH_FIRST = 0.8;
/** The limit is gone when the rate has grown for so long without a cut. */
const LIFT_AFTER_MS = 10_000;
/** Tokens that may be saved up, in seconds of the rate. */
const BURST_SECONDS = 0.1;

/**
 * Learns a token rate from 429s, which tell of a rate and nothing of health.
 *
 * One 429 now and then is chance; a limit shows in more of them than chance makes. The rate is then what was
 * taken in the last second, which is the limit itself. It grows slowly until 429s come again, as TCP finds
 * what a path takes (additive increase, RFC 5681), but is cut to what was measured and not to a half. Growth
 * that meets no 429 is ever faster, so a limit that was lifted is soon forgotten.
 */
export class TokenRate {
  #perSecondMin: number;
  /** Rate that was learned; `null` while none was. A field, since it is read with each call. */
  perSecond: number | null = null;
  #tokens = 0;
  #tokensAtMs = 0;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #grownAtMs = 0;
  #growth = GROWTH_MIN;
  #startedAtMs = -1;
  readonly #taken = new Uint32Array(SLICES);
  readonly #pushed = new Uint32Array(SLICES);
  #slice = -1;

  /** @param keptPerSecond the rate that was learned before a restart */
  constructor(policy: Pick<FlowPolicy, 'ratePerSecondMin'>, keptPerSecond: number | null = null) {
    this.#perSecondMin = policy.ratePerSecondMin;
    const kept = keptPerSecond ?? 0;
    if (kept > 0) this.perSecond = kept;
  }

  /** Other numbers from now on. */
  change(policy: Pick<FlowPolicy, 'ratePerSecondMin'>): void {
    this.#perSecondMin = policy.ratePerSecondMin;
  }

  /** Tokens that are there now: infinite without a rate. */
  tokens(nowMs: number): number {
    const { perSecond } = this;
    if (perSecond === null) return Number.POSITIVE_INFINITY;
    if (nowMs > this.#tokensAtMs) {
      const earned = ((nowMs - this.#tokensAtMs) * perSecond) / 1000;
      const most = Math.max(1, perSecond * BURST_SECONDS);
      this.#tokens = Math.min(most, this.#tokens + earned);
      this.#tokensAtMs = nowMs;
    }
    return this.#tokens;
  }

  /** When the next token is due. */
  dueAtMs(nowMs: number): number {
    const missing = 1 - this.tokens(nowMs);
    return missing <= 0 || this.perSecond === null
      ? nowMs
      : nowMs + (missing * 1000) / this.perSecond;
  }

  /** A call begins. It counts as let in, until it is answered by 429. */
  take(nowMs: number): void {
    const slice = this.#sliceAt(nowMs);
    this.#taken[slice] = (this.#taken[slice] ?? 0) + 1;
    this.#tokens = this.tokens(nowMs) - 1;
  }

  /** The call was not made after all. */
  giveBack(): void {
    this.#tokens += 1;
  }

  /** A call was let in, however it went. */
  admitted(nowMs: number): FlowNews | null {
    return this.perSecond === null ? null : this.#grow(this.perSecond, nowMs);
  }

  /** @param beganAtMs when the call began that was answered by 429 */
  pushedBack(beganAtMs: number, nowMs: number): FlowNews | null {
    this.#sliceAt(nowMs);
    const slice = Math.floor(beganAtMs / SLICE_MS);
    if (slice > this.#slice - SLICES && slice <= this.#slice) {
      const index = slice % SLICES;
      this.#taken[index] = Math.max(0, (this.#taken[index] ?? 0) - 1);
      this.#pushed[index] = (this.#pushed[index] ?? 0) + 1;
    }
    if (this.perSecond === null) return this.#learn(nowMs);
    if (beganAtMs >= this.#cutAtMs) this.#cut(this.perSecond, nowMs);
    return null;
  }

  #learn(nowMs: number): FlowNews | null {
    const pushed = this.#sum(this.#pushed, SLICES);
    const calls = pushed + this.#sum(this.#taken, SLICES);
    const chance = CHANCE_SHARE * calls + CHANCE_ERRORS * Math.sqrt(CHANCE_SHARE * calls);
    if (pushed < PUSHED_MIN || pushed <= chance) return null;
    // The better of the last two seconds: one of them may have been an outage.
    const late = this.#sum(this.#taken, SLICES_A_SECOND);
    const both = this.#sum(this.#taken, SLICES);
    const seconds = Math.min(1, Math.max(MEASURE_MS, nowMs - this.#startedAtMs) / 1000);
    const perSecond = this.#set(Math.max(late, both - late) / seconds, nowMs);
    this.#growth = GROWTH_FIRST;
    return { type: 'rate.learned', perSecond };
  }

  #cut(perSecond: number, nowMs: number): void {
    const spanMs = Math.min(1000, nowMs - this.#cutAtMs);
    if (spanMs < MEASURE_MS) return;
    const slices = Math.floor(spanMs / SLICE_MS);
    const pushed = this.#sum(this.#pushed, slices);
    const taken = this.#sum(this.#taken, slices);
    if (pushed < OVER_MIN || pushed <= OVER_SHARE * (pushed + taken)) return;
    // The latest slice is not over.
    const seconds = ((slices - 1) * SLICE_MS + (nowMs % SLICE_MS)) / 1000;
    const measured = (OF_TAKEN * taken) / seconds;
    this.#set(Math.min(perSecond, Math.max(CUT_MIN * perSecond, measured)), nowMs);
  }

  #set(measured: number, nowMs: number): number {
    const perSecond = Math.max(this.#perSecondMin, measured);
    this.perSecond = perSecond;
    this.#tokens = Math.min(0, this.#tokens);
    this.#tokensAtMs = nowMs;
    this.#cutAtMs = nowMs;
    this.#grownAtMs = nowMs;
    this.#growth = GROWTH_MIN;
    return perSecond;
  }

  #grow(perSecond: number, nowMs: number): FlowNews | null {
    if (this.#cutAtMs === Number.NEGATIVE_INFINITY) {
      this.#cutAtMs = nowMs;
      this.#grownAtMs = nowMs;
    }
    const seconds = (nowMs - this.#grownAtMs) / 1000;
    if (seconds < SLICE_MS / 1000) return null;
    this.#grownAtMs = nowMs;
    if (nowMs - this.#cutAtMs >= LIFT_AFTER_MS) {
      this.perSecond = null;
      return { type: 'rate.lifted' };
    }
    this.tokens(nowMs);
    const capped = Math.min(1, seconds);
    this.perSecond = perSecond * (1 + this.#growth * capped);
    this.#growth = Math.min(Math.max(GROWTH_MAX, this.#growth), this.#growth * 2 ** capped);
    return null;
  }

  #sum(counts: Uint32Array, slices: number): number {
    let sum = 0;
    for (let back = 0; back < slices; back++) {
      sum += counts[(this.#slice - back + SLICES) % SLICES] ?? 0;
    }
    return sum;
  }

  /** The slice of now, with those since the last one emptied. */
  #sliceAt(nowMs: number): number {
    const slice = Math.floor(nowMs / SLICE_MS);
    if (this.#startedAtMs < 0) {
      this.#startedAtMs = nowMs;
      this.#slice = slice;
    }
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let each = 1; each <= passed; each++) {
      const index = (slice - passed + each) % SLICES;
      this.#taken[index] = 0;
      this.#pushed[index] = 0;
    }
    if (slice > this.#slice) this.#slice = slice;
    return this.#slice % SLICES;
  }
}

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
