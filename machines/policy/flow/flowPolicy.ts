/**
 * The numbers by which the flow to one upstream is measured and tuned (CB-1, CB-2, PF-1, PF-5, PF-6).
 *
 * @module
 */

import { completeOptions, requireOption } from '../../vocabulary/optionFields.ts';
import { count, type OptionRules, share, spanMs } from '../../vocabulary/optionRules.ts';

/** What the flow meter of an upstream decides by. One for each upstream. */
export interface FlowPolicy {
  /** The fewest slots: so many calls may always be in flight while the upstream is up. */
  readonly slotsMin: number;
  /** The most slots, whatever is measured: an upstream's `concurrency`, 128 unless it is set. */
  readonly slotsMax: number;
  /** Slots that are open at the start of an upstream that nothing is known of. */
  readonly slotsAtStart: number;
  /** Least share of the slots before an outage that is open after it. */
  readonly slotsShareAfterOutage: number;
  /**
   * A run of failures whose probability by chance is at most this is an outage. At 1e-5 that is 5 failures
   * in a row where a tenth fails as usual, 11 where 35 % do, 17 where half do.
   */
  readonly surprise: number;
  /** The usual share of failures is taken as at least this, so that a few failures are no outage. */
  readonly failureShareMin: number;
  /** The first probe comes so many milliseconds after an outage was detected. */
  readonly probeMsMin: number;
  /** The time to the next probe, as a share of the time since the outage began. */
  readonly probeShare: number;
  /** The longest time between two probes, in milliseconds, before jitter and `Retry-After`. */
  readonly probeMsMax: number;
  /** So many probes at once at most. */
  readonly probesMax: number;
  /** The shortest attempt timeout, in milliseconds. */
  readonly timeoutMsMin: number;
  /** The longest attempt timeout, in milliseconds: also what an upstream nothing is known of gets. */
  readonly timeoutMsMax: number;
  /** Differences of latency below this, in milliseconds, are noise of the machine. */
  readonly latencyNoiseMs: number;
  /** A learned rate never falls below so many calls a second. */
  readonly ratePerSecondMin: number;
}

/** What of it is set by itself: the most slots and the longest timeout are the upstream's own policies. */
export type FlowTuning = Omit<FlowPolicy, 'slotsMax' | 'timeoutMsMax'>;

/** Proven by `bench:goodput`; docs/decisions/0098 to 0101 say why. */
export const DEFAULT_FLOW_POLICY: FlowPolicy = Object.freeze({
  slotsMin: 2,
  // Of a meter by itself: those of an upstream are its `concurrency` and `attemptTimeoutMs`.
  slotsMax: 32,
  slotsAtStart: 8,
  slotsShareAfterOutage: 1 / 3,
  surprise: 1e-5,
  failureShareMin: 0.1,
  probeMsMin: 250,
  probeShare: 0.075,
  probeMsMax: 15_000,
  probesMax: 3,
  timeoutMsMin: 1_000,
  timeoutMsMax: 10_000,
  latencyNoiseMs: 40,
  ratePerSecondMin: 1,
});

/** What each field may be. */
export const RULES: OptionRules<FlowPolicy> = {
  slotsMin: count(1, 100_000),
  slotsMax: count(1, 100_000),
  slotsAtStart: count(1, 100_000),
  slotsShareAfterOutage: share(0.01),
  surprise: { min: 1e-12, max: 0.1, whole: false },
  failureShareMin: { min: 0.001, max: 0.9, whole: false },
  probeMsMin: spanMs(),
  probeShare: share(0.01),
  probeMsMax: spanMs(),
  probesMax: count(1, 1_000),
  timeoutMsMin: spanMs(),
  timeoutMsMax: spanMs(),
  latencyNoiseMs: spanMs(0),
  ratePerSecondMin: { min: 0.01, max: 100_000, whole: false },
};

/**
 * Completes what the caller wrote with the defaults.
 *
 * @param field the path of `options` in what the caller wrote: `upstreams.payments.flow`
 * @throws HoldfastError HF_OPTION_INVALID naming the field that is unknown, out of range or at odds
 */
export function checkFlowPolicy(
  options: Partial<FlowPolicy> | undefined,
  field: string,
): FlowPolicy {
  // A bound that is set beyond a default which it bounds moves that default too.
  const slotsMax = options?.slotsMax ?? DEFAULT_FLOW_POLICY.slotsMax;
  const timeoutMsMax = options?.timeoutMsMax ?? DEFAULT_FLOW_POLICY.timeoutMsMax;
  const probeMsMin = options?.probeMsMin ?? DEFAULT_FLOW_POLICY.probeMsMin;
  const defaults: FlowPolicy = {
    ...DEFAULT_FLOW_POLICY,
    slotsMin: Math.min(DEFAULT_FLOW_POLICY.slotsMin, slotsMax),
    slotsAtStart: Math.min(DEFAULT_FLOW_POLICY.slotsAtStart, slotsMax),
    timeoutMsMin: Math.min(DEFAULT_FLOW_POLICY.timeoutMsMin, timeoutMsMax),
    probeMsMax: Math.max(DEFAULT_FLOW_POLICY.probeMsMax, probeMsMin),
  };
  const policy = completeOptions(options, defaults, RULES, field);
  requireOption(
    policy.slotsMin <= policy.slotsMax,
    `${field}.slotsMin`,
    'must not be above slotsMax',
  );
  requireOption(
    policy.slotsAtStart >= policy.slotsMin && policy.slotsAtStart <= policy.slotsMax,
    `${field}.slotsAtStart`,
    'must be from slotsMin to slotsMax',
  );
  requireOption(
    policy.timeoutMsMin <= policy.timeoutMsMax,
    `${field}.timeoutMsMin`,
    'must not be above timeoutMsMax',
  );
  requireOption(
    policy.probeMsMin <= policy.probeMsMax,
    `${field}.probeMsMin`,
    'must not be above probeMsMax',
  );
  return policy;
}

const { slotsMax: _slotsMax, timeoutMsMax: _timeoutMsMax, ...TUNING_RULES } = RULES;
/** What each field of a {@link FlowTuning} may be. */
export const FLOW_TUNING_RULES: OptionRules<FlowTuning> = TUNING_RULES;

/** What an upstream's flow goes by, with the bounds that are its own policies. */
export function checkFlowTuning(
  tuning: Partial<FlowTuning>,
  bounds: { readonly concurrency: number; readonly attemptTimeoutMs: number },
  field: string,
): FlowPolicy {
  const { concurrency: slotsMax, attemptTimeoutMs: timeoutMsMax } = bounds;
  return checkFlowPolicy({ ...tuning, slotsMax, timeoutMsMax }, field);
}
