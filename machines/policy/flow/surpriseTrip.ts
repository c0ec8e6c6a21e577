/**
 * Tells an outage from the failures that are usual at an upstream (CB-1).
 *
 * @module
 */

import { logChanceOf } from './failureChance.ts';
import type { FlowPolicy } from './flowPolicy.ts';

/** How much of a new result is taken into the usual share: it remembers some 30 calls. */
const WEIGHT = 0.03;

/** An upstream that fails more than this is told to be down by 110 failures in a row all the same. */
const SHARE_MAX = 0.9;

/** A run whose chance is the square root of that of an outage. */
const HALFWAY = 0.5;

/** Logarithms of products that should be equal differ by this. */
const ROUNDING = 1e-9;

/** A call that failed, where others were in flight with it. */
export interface FailedCall {
  /** Calls in flight, itself included. */
  readonly inFlight: number;
  readonly beganAtMs: number;
  /** Sooner than answers come: the successes among the others have had no time to be told of. */
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
 * together the 6 that fail come first. What fails sooner than answers come, and began before the run, is
 * therefore counted against all N that were in flight: k of N fail by chance with a probability of at most
 * `exp(-N * KL(k/N, p))` (Chernoff), and that takes the place of `p^k`.
 */
export class SurpriseTrip {
  #policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>;
  #share: number;
  #run = 0;
  #firstFailureAtMs = 0;
  /** Of the run, those that are counted against all that were in flight at its begin. */
  #early = 0;
  #inFlight = 1;

  /** @param keptShare the usual share of failures that was kept before a restart */
  constructor(policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>, keptShare = 0) {
    this.#policy = policy;
    const share = Math.max(policy.failureShareMin, keptShare > 0 ? keptShare : 0);
    this.#share = Math.min(SHARE_MAX, share);
  }

  /** Other numbers from now on. */
  change(policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>): void {
    this.#policy = policy;
    this.#share = Math.max(this.#share, policy.failureShareMin);
  }

  /** The share of calls that fail while the upstream is up, at least the least of the policy. */
  get usualFailureShare(): number {
    return this.#share;
  }

  /** Failures since the last success. */
  get run(): number {
    return this.#run;
  }

  /** When the first failure of the run ended. */
  get firstFailureAtMs(): number {
    return this.#firstFailureAtMs;
  }

  /** Calls that were in flight when the run began. */
  get inFlightAtRun(): number {
    return this.#inFlight;
  }

  /** How near a run of failures is to an outage: 0 without one, 1 where it is one. */
  get doubt(): number {
    if (this.#run < 2) return 0;
    return Math.min(1, this.#logChance() / Math.log(this.#policy.surprise) + ROUNDING);
  }

  /** Whether failures come in a row that is halfway to an outage. */
  get isDoubted(): boolean {
    return this.#run > 1 && this.doubt >= HALFWAY;
  }

  /** Failures in a row, one after the other, that make an outage now. */
  get failuresToTrip(): number {
    const { surprise } = this.#policy;
    return Math.max(1, Math.ceil(Math.log(surprise) / Math.log(this.#share) - ROUNDING));
  }

  success(): void {
    if (this.#run > 0) this.#takeRun();
    this.#share = Math.max(this.#policy.failureShareMin, this.#share * (1 - WEIGHT));
  }

  /**
   * @param call without it, one of calls that come one after the other
   * @returns whether this failure makes the run an outage
   */
  failure(nowMs: number, call?: FailedCall): boolean {
    if (this.#run === 0) {
      this.#firstFailureAtMs = nowMs;
      this.#inFlight = call?.inFlight ?? 1;
    }
    this.#run += 1;
    if (call?.isEarly === true && call.beganAtMs < this.#firstFailureAtMs) this.#early += 1;
    return this.#logChance() <= Math.log(this.#policy.surprise) + ROUNDING;
  }

  /** The run was that of an outage, or of too much work: it says nothing about what is usual. */
  forget(): void {
    this.#run = 0;
    this.#early = 0;
  }

  #logChance(): number {
    const others = this.#run - this.#early;
    return others * Math.log(this.#share) + logChanceOf(this.#early, this.#inFlight, this.#share);
  }

  #takeRun(): void {
    const kept = (1 - WEIGHT) ** this.#run;
    this.#share = Math.min(SHARE_MAX, this.#share * kept + 1 - kept);
    this.forget();
  }
}
