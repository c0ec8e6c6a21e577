/**
 * The numbers a circuit breaker decides by, and how long it stays open.
 *
 * @module
 */

import { completeOptions, requireOption } from '../../vocabulary/optionFields.ts';
import { count, type OptionRules, share, spanMs } from '../../vocabulary/optionRules.ts';

/** Every state a breaker can be in (CB-1). */
export const BREAKER_STATES = ['closed', 'open', 'halfOpen', 'forcedOpen', 'disabled'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** When a breaker opens, for how long, and what closes it. One for each upstream. */
export interface BreakerPolicy {
  /** So many failures without a success between them open the breaker. */
  readonly consecutiveFailuresToOpen: number;
  /** A share of failures at or above this among the last `windowCalls` opens the breaker. */
  readonly failureRateToOpen: number;
  /** How many of the latest calls the failure rate is taken over. */
  readonly windowCalls: number;
  /** The failure rate means nothing below so many calls. */
  readonly windowCallsMin: number;
  /** How long it stays open the first time. */
  readonly openMs: number;
  /** Each further trip in a row stays open so many times longer. */
  readonly openMultiplier: number;
  /** The longest it stays open, before jitter and unless the upstream asks for more. */
  readonly openMsMax: number;
  /** Up to this share of the open time is added at random, so that many clients do not come back at once. */
  readonly openJitterShare: number;
  /** A `Retry-After` lengthens the open time up to this. */
  readonly retryAfterMsMax: number;
  /** How many probes may be out at the same time. */
  readonly probesMax: number;
  /** So many successful probes close the breaker. */
  readonly probesToClose: number;
  /**
   * A probe that has not reported after this makes way for another. Longer than an attempt may
   * take, or a slow success would come too late to count.
   */
  readonly probeLeaseMs: number;
}

/**
 * For outages, not for brown-outs: with many calls in flight a few failures in a row are nothing
 * unusual, and an upstream that fails half of its calls still does the other half. Open for 2.4 s at
 * most unless the upstream asks for more, so that an upstream that is back is used again within
 * seconds (CB-6).
 */
export const DEFAULT_BREAKER_POLICY: BreakerPolicy = Object.freeze({
  consecutiveFailuresToOpen: 12,
  failureRateToOpen: 0.9,
  windowCalls: 100,
  windowCallsMin: 20,
  openMs: 250,
  openMultiplier: 2,
  openMsMax: 2_000,
  openJitterShare: 0.2,
  retryAfterMsMax: 60_000,
  probesMax: 2,
  probesToClose: 1,
  probeLeaseMs: 35_000,
});

/** What each field may be. */
export const RULES: OptionRules<BreakerPolicy> = {
  consecutiveFailuresToOpen: count(1),
  failureRateToOpen: share(0.01),
  windowCalls: count(1, 100_000),
  windowCallsMin: count(1, 100_000),
  openMs: spanMs(),
  openMultiplier: { min: 1, max: 10, whole: false },
  openMsMax: spanMs(),
  openJitterShare: share(),
  retryAfterMsMax: spanMs(0),
  probesMax: count(1, 1_000),
  probesToClose: count(1, 1_000),
  probeLeaseMs: spanMs(),
};

/**
 * Completes what the caller wrote with the defaults.
 *
 * @param field the path of `options` in what the caller wrote: `upstreams.payments.breaker`
 * @throws HoldfastError HF_OPTION_INVALID naming the field that is unknown, out of range or at odds
 */
export function checkBreakerPolicy(
  options: Partial<BreakerPolicy> | undefined,
  field: string,
): BreakerPolicy {
  const { openMsMax } = DEFAULT_BREAKER_POLICY;
  // Whoever asks for a longer opening and names no longest one means at least that.
  const defaults: BreakerPolicy = {
    ...DEFAULT_BREAKER_POLICY,
    openMsMax: Math.max(openMsMax, options?.openMs ?? 0) || openMsMax,
  };
  const policy = completeOptions(options, defaults, RULES, field);
  requireOption(
    policy.openMsMax >= policy.openMs,
    `${field}.openMsMax`,
    'must not be below openMs',
  );
  requireOption(
    policy.windowCallsMin <= policy.windowCalls,
    `${field}.windowCallsMin`,
    'must not be above windowCalls',
  );
  return policy;
}

/** What decides how long a breaker stays open. */
export interface Trip {
  /** Trips without a long enough closed time between them, this one included; 1 the first time. */
  readonly tripsInARow: number;
  /** A random number from [0, 1). */
  readonly draw: number;
  /** What the upstream asked for, if it did. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long a breaker stays open, in whole milliseconds (CB-2):
 * `max(min(openMsMax, openMs * openMultiplier^(trips - 1)), Retry-After) * (1 + jitter * draw)`.
 *
 * A draw or a `Retry-After` that is no usable number counts as none: the answer is always a span.
 */
export function openDurationMs(policy: BreakerPolicy, trip: Trip): number {
  const grownMs = policy.openMs * policy.openMultiplier ** (trip.tripsInARow - 1);
  const ownMs = Math.min(policy.openMsMax, grownMs);
  const askedMs = Math.min(policy.retryAfterMsMax, orZero(trip.retryAfterMs));
  const jitter = policy.openJitterShare * Math.min(1, orZero(trip.draw));
  return Math.ceil(Math.max(ownMs, askedMs) * (1 + jitter));
}

function orZero(value: number | undefined): number {
  return value !== undefined && value > 0 ? value : 0;
}
