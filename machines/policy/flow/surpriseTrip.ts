/**
 * Tells an outage from the failures that are usual at an upstream (CB-1).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';

/** How much of a new result is taken into the usual share: it remembers some 30 calls. */
const WEIGHT = 0.03;

/** An upstream that fails more than this is told to be down by 110 failures in a row all the same. */
const SHARE_MAX = 0.9;

/** A run whose chance is the square root of that of an outage. */
const HALFWAY = 0.5;

/** Logarithms of products that should be equal differ by this. */
const ROUNDING = 1e-9;

/**
 * Counts failures without a success between them, and how often the upstream fails as usual.
 *
 * A run of n failures is an outage when chance would make it less than once in 100,000 runs:
 * `p^n <= surprise`, with p the usual share of failures before the run (an exponentially weighted mean).
 * A fixed count says nothing where a third fails all the time: with 35 % five in a row come every 290
 * calls. A run that ends without an outage is taken into p; one that was an outage is not, for it says
 * nothing about how the upstream is while it is up.
 */
export class SurpriseTrip {
  readonly #shareMin: number;
  readonly #logSurprise: number;
  #share: number;
  #run = 0;
  #firstFailureAtMs = 0;

  /** @param keptShare the usual share of failures that was kept before a restart */
  constructor(policy: Pick<FlowPolicy, 'surprise' | 'failureShareMin'>, keptShare = 0) {
    this.#shareMin = policy.failureShareMin;
    this.#logSurprise = Math.log(policy.surprise);
    this.#share = Math.min(SHARE_MAX, Math.max(this.#shareMin, keptShare > 0 ? keptShare : 0));
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

  /** How near a run of failures is to an outage: 0 without one, 1 where it is one. */
  get doubt(): number {
    return this.#run < 2 ? 0 : Math.min(1, this.#logChance(this.#run) / this.#logSurprise);
  }

  /** Whether failures come in a row that is halfway to an outage. */
  get isDoubted(): boolean {
    return this.doubt >= HALFWAY - ROUNDING;
  }

  /** Failures in a row that make an outage now. */
  get failuresToTrip(): number {
    return Math.max(1, Math.ceil(this.#logSurprise / Math.log(this.#share) - ROUNDING));
  }

  success(): void {
    if (this.#run > 0) this.#takeRun();
    this.#share = Math.max(this.#shareMin, this.#share * (1 - WEIGHT));
  }

  /** @returns whether this failure makes the run an outage; the run is over then */
  failure(nowMs: number): boolean {
    if (this.#run === 0) this.#firstFailureAtMs = nowMs;
    this.#run += 1;
    return this.#logChance(this.#run) <= this.#logSurprise + ROUNDING;
  }

  /** The run was that of an outage, or of too much work: it says nothing about what is usual. */
  forget(): void {
    this.#run = 0;
  }

  #logChance(run: number): number {
    return run * Math.log(this.#share);
  }

  #takeRun(): void {
    const kept = (1 - WEIGHT) ** this.#run;
    this.#share = Math.min(SHARE_MAX, this.#share * kept + 1 - kept);
    this.#run = 0;
  }
}
