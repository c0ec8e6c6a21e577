/**
 * The rate limits by subject and tier of each upstream (PF-5), made where one is set and kept while the
 * process runs. What the limits are is read from the policies at each question.
 *
 * @module
 */

import { type LimitsOfOne, RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { TierName } from '../../machines/vocabulary/urgency.ts';

type LimitsByTier = ReadonlyMap<TierName, LimitsOfOne>;

export class UpstreamRates {
  readonly #policies: PoliciesInForce;
  readonly #rates = new Map<string, RateLimits>();
  /** Read again after each change of the policies; `null` where there is no limit. */
  readonly #limits = new Map<string, LimitsByTier | null>();
  #emptyAtMs: number | undefined;

  constructor(policies: PoliciesInForce) {
    this.#policies = policies;
    policies.onChange(() => {
      this.#limits.clear();
    });
  }

  /** Another process ran before this one, which began now: it may have used all tokens. */
  startEmpty(nowMs: number): void {
    this.#emptyAtMs = nowMs;
    this.#rates.clear();
  }

  /** Those of one upstream; `null` where neither its subjects nor its tiers have a limit. */
  of(upstream: string): RateLimits | null {
    if (this.#limitsOf(upstream) === null) return null;
    let rates = this.#rates.get(upstream);
    if (rates === undefined) {
      rates = new RateLimits(
        (tier) => this.#limitsOf(upstream)?.get(tier),
        this.#emptyAtMs === undefined ? {} : { emptyAtMs: this.#emptyAtMs },
      );
      this.#rates.set(upstream, rates);
    }
    return rates;
  }

  #limitsOf(upstream: string): LimitsByTier | null {
    const known = this.#limits.get(upstream);
    if (known !== undefined) return known;
    const policies = Object.entries(this.#policies.table.tiers(upstream)).map(
      ([name, { subjectRate, tierRate } = NO_RATES]): [TierName, LimitsOfOne] => [
        name,
        { subject: subjectRate, tier: tierRate },
      ],
    );
    const isLimited = policies.some(([, { subject, tier }]) => subject !== null || tier !== null);
    const limits = isLimited ? new Map(policies) : null;
    this.#limits.set(upstream, limits);
    return limits;
  }
}

const NO_RATES = { subjectRate: null, tierRate: null };
