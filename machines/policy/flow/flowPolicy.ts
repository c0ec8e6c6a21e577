/**
 * The numbers by which the flow to one upstream is measured and tuned (CB-1, CB-2, PF-1, PF-5, PF-6).
 *
 * @module
 */

import {
  completeOptions,
  count,
  type OptionRules,
  requireOption,
  share,
  spanMs,
} from '../../vocabulary/optionFields.ts';
import type { Tier } from '../../vocabulary/urgency.ts';

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

/** Accepted and not yet ended. A million take some 2 GB of disk. */
export const OPERATIONS_MAX = 1_000_000;

/**
 * The part of the queue that each tier may not fill, in percent: those who pay less are refused first when
 * it is full, so that their flood leaves room for the others. Crises are counted and never refused
 * (CR-2).
 */
const KEPT_PERCENT: Readonly<Record<Tier, number>> = { premium: 0, basic: 5, trial: 10 };

/** How much of the room is kept from this tier. */
export function roomKeptFrom(tier: Tier, operationsMax: number): number {
  return Math.floor((operationsMax * KEPT_PERCENT[tier]) / 100);
}

// How much may be kept in memory for a disk that is late or answers nothing (OP-6, PS-6): so many
// operations, and so many bytes of what they carry, for a few large payloads weigh as much as many small.

/** What there is already, before the one that is asked about. */
interface Unwritten {
  readonly count: number;
  readonly bytes: number;
}

/** The options that bound it. */
export interface UnwrittenLimits {
  readonly residentsMax: number;
  readonly unwrittenBytesMax: number;
}

/**
 * Half a minute of 1,000 requests a second of 1 KiB, and little beside the heap that Node
 * has anywhere. With what is kept for crises, and with the copies that the writer was handed, four times
 * as much is held at worst.
 */
export const UNWRITTEN_BYTES_MAX = 64 * 1_048_576;

/**
 * Crises have room beyond what requests may fill: ten times the number, for each of them counts, and twice
 * the bytes, for each is small.
 */
const CRISIS_COUNT_FACTOR = 10;
const CRISIS_BYTES_FACTOR = 2;

/** What a payload as kept takes in memory, at most: two bytes a character. */
export function bytesInMemory(characters: number): number {
  return characters * 2;
}

/** The option that keeps one more request from waiting; `null` where it may. */
export function limitReached(
  waiting: Unwritten,
  { residentsMax, unwrittenBytesMax }: UnwrittenLimits,
): keyof UnwrittenLimits | null {
  if (waiting.count >= residentsMax) return 'residentsMax';
  return waiting.bytes >= unwrittenBytesMax ? 'unwrittenBytesMax' : null;
}

/** Whether the record of one more crisis is kept; it is answered and delivered in any case (CR-4). */
export function mayKeepCrisis(inMemory: Unwritten, limits: UnwrittenLimits): boolean {
  return (
    inMemory.count < limits.residentsMax * CRISIS_COUNT_FACTOR &&
    inMemory.bytes < limits.unwrittenBytesMax * CRISIS_BYTES_FACTOR
  );
}
