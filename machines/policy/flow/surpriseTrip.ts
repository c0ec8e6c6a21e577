/**
 * Detects an outage among the failures that are usual at an upstream (CB-1).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';

/** How much of a new result is taken into the usual share: it remembers some 30 calls. */
const WEIGHT = 0.03;
const MEMORY = 30;

/** However many calls end within this, they teach no more than so many of them. */
const LESSON_MS = 1_000;

/** An upstream whose usual share of failures is above this counts as down after 110 failures in a row all the same. */
const SHARE_MAX = 0.9;

/** So many fail as usual, it may be, where calls fail beside others that are answered. */
const BESIDE_ANSWERS = 0.5;

/** How near to an outage a run is whose chance is the square root of that of one. */
export const HALFWAY = 0.5;
/** How near to one a run is whose chance is its cube root. */
export const A_THIRD = 1 / 3;

/** Logarithms of products that should be equal differ by this. */
const ROUNDING = 1e-9;

/** A call that has ended, where others were in flight with it. */
export interface EndedCall {
  readonly beganAtMs: number;
  /** Calls in flight, itself included. */
  readonly inFlight: number;
  /** Calls that have begun, ever, but for those that say nothing. */
  readonly begun: number;
  /** Sooner than answers come: the successes among the others have had no time to arrive. */
  readonly isEarly: boolean;
}

/**
 * Counts failures without a success between them, and how often the upstream fails as usual.
 *
 * A run of n failures is an outage when chance would make it less than once in 100,000 runs:
 * `p^n <= surprise`, with p the usual share of failures before the run (an exponentially weighted mean).
 * A fixed count says nothing where a third fails all the time: with 35 % five in a row come every 290
 * calls. A run that ends without an outage is taken into p; one that was an outage is not, for it says
 * nothing about how the upstream is while it is up.
 *
 * The order in which calls end says nothing where failures are quicker than answers: of 128 that began
 * together the 6 that fail come first. What fails sooner than answers come is therefore counted against all
 * N that were in flight with it when the run began, or have begun since: k of N fail by chance with a
 * probability of at most `exp(-N * KL(k/N, p))` (Chernoff), and that takes the place of `p^k`.
 *
 * What began before the first failure of a run, and is answered after it, says how the upstream was and not
 * how it is: it does not end the run. All that began before are judged together, and once one of them is
 * answered, as if half of them failed as usual; where little is known of the upstream yet, what failed of
 * them beside answers is taken for usual. They teach with the run once that has ended. However fast calls
 * end, those of one second teach no more than 30 do.
 */
export class SurpriseTrip {
  #policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>;
  // Fields that others read are plain ones: they are read with each call.
  /** The share of calls that fail while the upstream is up, at least the least of the policy. */
  usualFailureShare: number;
  /** Share of the usual failures that come sooner than answers do. */
  #earlyShare: number;
  /** Failures since the last success of a call that has begun since. */
  run = 0;
  /** When the first failure of the run ended. */
  firstFailureAtMs = 0;
  /** Calls that were in flight when the run began. */
  inFlightAtRun = 1;
  /** Calls that had begun by then, ever. */
  #begun = 0;
  /** Calls that began before the run: failures that came sooner than answers do, the others, answers. */
  #earlyBefore = 0;
  #failedBefore = 0;
  #answeredBefore = 0;
  /** Failures of calls that have begun since, sooner than answers come, and of how many calls. */
  #earlySince = 0;
  #since = 0;
  /**
   * The nearest that the run has come to an outage; 0 without one. It is less while others are in flight: were it to
   * fall with them, more would follow them.
   */
  mostDoubt = 0;
  /** What is taught now: since when, what was known before, and what came since. */
  #lessonAtMs = Number.NEGATIVE_INFINITY;
  #shareBefore: number;
  #earlyShareBefore: number;
  #taught = 0;
  #results = 0;
  #failures = 0;
  #early = 0;

  /** @param keptShare the usual share of failures that was kept before a restart */
  constructor(policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>, keptShare = 0) {
    this.#policy = policy;
    const share = Math.max(policy.failureShareMin, keptShare > 0 ? keptShare : 0);
    this.usualFailureShare = Math.min(SHARE_MAX, share);
    this.#shareBefore = this.usualFailureShare;
    this.#earlyShare = this.usualFailureShare;
    this.#earlyShareBefore = this.usualFailureShare;
  }

  /** Other numbers from now on. */
  change(policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>): void {
    this.#policy = policy;
    this.usualFailureShare = Math.max(this.usualFailureShare, policy.failureShareMin);
  }

  /** How near a run of failures is to an outage: 0 without one, 1 where it is one. */
  get doubt(): number {
    return this.run < 2 ? 0 : this.#nearness(this.#logChanceInARow());
  }

  /** Whether failures come in a row that is halfway to an outage. */
  get isDoubted(): boolean {
    return this.run > 0 && this.doubt >= HALFWAY;
  }

  /** Failures in a row, one after the other, that make an outage now. */
  get failuresToTrip(): number {
    const { surprise } = this.#policy;
    return Math.max(1, Math.ceil(Math.log(surprise) / Math.log(this.usualFailureShare) - ROUNDING));
  }

  /**
   * @param beganAtMs left out, it began after all that has ended
   * @returns whether it says that the upstream is up: it began after the first failure of the run
   */
  success(nowMs: number, beganAtMs = nowMs): boolean {
    if (this.run > 0 && beganAtMs < this.firstFailureAtMs) {
      this.#answeredBefore += 1;
      return false;
    }
    this.#teach(nowMs);
    this.forget();
    return true;
  }

  /**
   * @param call without it, one of calls that come one after the other
   * @returns whether this failure makes the run an outage
   */
  failure(nowMs: number, call?: EndedCall): boolean {
    if (this.run === 0) {
      this.firstFailureAtMs = nowMs;
      this.inFlightAtRun = call?.inFlight ?? 1;
      this.#begun = call?.begun ?? 0;
    }
    this.run += 1;
    if (call !== undefined) this.#place(call);
    this.mostDoubt = Math.max(this.mostDoubt, this.doubt);
    return this.#nearness(this.#logChance()) >= 1;
  }

  /** The run was that of an outage, or of too much work: it says nothing about what is usual. */
  forget(): void {
    this.run = 0;
    this.#earlyBefore = 0;
    this.#failedBefore = 0;
    this.#answeredBefore = 0;
    this.#earlySince = 0;
    this.#since = 0;
    this.mostDoubt = 0;
  }

  #nearness(logChance: number): number {
    return Math.min(1, logChance / Math.log(this.#policy.surprise) + ROUNDING);
  }

  #place({ beganAtMs, begun, isEarly }: EndedCall): void {
    this.#since = begun - this.#begun;
    const isBefore = beganAtMs < this.firstFailureAtMs;
    if (isBefore && isEarly) this.#earlyBefore += 1;
    else if (isBefore) this.#failedBefore += 1;
    else if (isEarly) this.#earlySince += 1;
  }

  #logChance(): number {
    const answered = this.#answeredBefore;
    const failed = this.#failedBefore;
    const before = failed + this.#earlyBefore;
    const others = this.run - before - this.#earlySince;
    let usualBefore = this.usualFailureShare;
    let usual = this.usualFailureShare;
    if (answered > 0) {
      usualBefore = Math.max(usual, BESIDE_ANSWERS);
      if (this.#taught < MEMORY)
        usual = Math.max(usual, Math.min(BESIDE_ANSWERS, failed / (failed + answered)));
    }
    return (
      logChanceOf(before, this.inFlightAtRun, usualBefore) +
      logChanceOf(this.#earlySince, this.#since, this.#earlyShare) +
      others * Math.log(usual)
    );
  }

  /**
   * As long as nothing of before is answered, what fails as slowly as others are answered may be the first
   * of all that fail: reason enough for doubt, not for a trip.
   */
  #logChanceInARow(): number {
    const all = this.#logChance();
    if (this.#answeredBefore > 0 || this.#failedBefore === 0) return all;
    const share = this.usualFailureShare;
    const before = this.#failedBefore + this.#earlyBefore;
    return (
      all -
      logChanceOf(before, this.inFlightAtRun, share) +
      logChanceOf(this.#earlyBefore, this.inFlightAtRun, share) +
      this.#failedBefore * Math.log(share)
    );
  }

  /** A mean that remembers some 30 calls; of more than that within a second, their share as one. */
  #teach(nowMs: number): void {
    if (nowMs - this.#lessonAtMs >= LESSON_MS) {
      this.#lessonAtMs = nowMs;
      this.#shareBefore = this.usualFailureShare;
      this.#earlyShareBefore = this.#earlyShare;
      this.#results = 0;
      this.#failures = 0;
      this.#early = 0;
    }
    const results = this.run + this.#answeredBefore + 1;
    this.#taught += results;
    this.#results += results;
    this.#failures += this.run;
    this.#early += this.#earlyBefore + this.#earlySince;
    const kept = (1 - WEIGHT) ** Math.min(MEMORY, this.#results);
    const learned = (1 - kept) / this.#results;
    const least = this.#policy.failureShareMin;
    const share = this.#shareBefore * kept + learned * this.#failures;
    this.usualFailureShare = Math.min(SHARE_MAX, Math.max(least, share));
    const earlyShare = this.#earlyShareBefore * kept + learned * this.#early;
    this.#earlyShare = Math.min(SHARE_MAX, Math.max(least, earlyShare));
  }
}

/** The logarithm of a bound (Chernoff's) of the chance that `count` of `all` or more fail: 0 where it is nothing. */
export function logChanceOf(count: number, all: number, share: number): number {
  const part = Math.min(1, count / Math.max(1, all));
  if (part <= share) return 0;
  const rest = part < 1 ? (1 - part) * Math.log((1 - part) / (1 - share)) : 0;
  return -Math.max(count, all) * (part * Math.log(part / share) + rest);
}
