/**
 * The rate limits by subject and tier of one upstream (PF-5), made where one is set and kept while the
 * process runs. What the limits are is read from the policies after each change of them.
 *
 * @module
 */

import { type LimitsOfOne, RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { TierName } from '../../machines/vocabulary/urgency.ts';

export class UpstreamRates {
  readonly #policies: PoliciesInForce;
  readonly #upstream: string;
  /** `null` where there is no limit. */
  #limits: ReadonlyMap<TierName, LimitsOfOne> | null = null;
  #rates: RateLimits | null = null;
  #emptyAtMs: number | undefined;

  constructor(policies: PoliciesInForce, upstream: string) {
    this.#policies = policies;
    this.#upstream = upstream;
    this.changed();
  }

  /** `null` where neither its subjects nor its tiers have a limit. */
  get inForce(): RateLimits | null {
    return this.#limits === null ? null : this.#rates;
  }

  /** Another process ran before this one, which began now: it may have used all tokens. */
  startEmpty(nowMs: number): void {
    this.#emptyAtMs = nowMs;
    this.#rates = null;
    this.#make();
  }

  /** Other policies are in force. */
  changed(): void {
    const policies = Object.entries(this.#policies.table.tiers(this.#upstream)).map(
      ([name, { subjectRate, tierRate } = NO_RATES]): [TierName, LimitsOfOne] => [
        name,
        { subject: subjectRate, tier: tierRate },
      ],
    );
    const isLimited = policies.some(([, { subject, tier }]) => subject !== null || tier !== null);
    this.#limits = isLimited ? new Map(policies) : null;
    this.#make();
  }

  #make(): void {
    if (this.#limits === null) return;
    this.#rates ??= new RateLimits(
      (tier) => this.#limits?.get(tier),
      this.#emptyAtMs === undefined ? {} : { emptyAtMs: this.#emptyAtMs },
    );
  }
}

const NO_RATES = { subjectRate: null, tierRate: null };
