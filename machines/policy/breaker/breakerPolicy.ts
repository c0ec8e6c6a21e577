/**
 * What can be set for a circuit breaker, and how long it stays open (CB-1, CB-2).
 *
 * @module
 */

import {
  completeOptions,
  count,
  type OptionRules,
  refuseRemoved,
  requireOption,
  share,
  spanMs,
} from '../../vocabulary/optionFields.ts';
import type { FlowPolicy } from '../flow/flowPolicy.ts';
import { probeGapMs } from '../flow/recoveryPace.ts';

/** Every state a breaker can be in (CB-1). */
export const BREAKER_STATES = [
  'closed',
  'open',
  'halfOpen',
  'forcedOpen',
  'disabled',
  'observing',
] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/**
 * What opens a breaker beside an outage that the flow meter reports. All of it is off unless it is set:
 * each says when to give up an upstream that still does a part of what it is asked.
 */
export interface TripRules {
  /** So many failures, of calls begun after the last success came, open the breaker; `null` for never. */
  readonly consecutiveFailuresToOpen: number | null;
  /** A share of failures at or above this in the window opens the breaker; `null` for never. */
  readonly failureRateToOpen: number | null;
  /** A share of slow calls at or above this in the window opens the breaker; `null` for never. */
  readonly slowCallRateToOpen: number | null;
  /** A call is slow from so many milliseconds. */
  readonly slowCallMs: number;
  /** The window: so many of the latest calls, unless `windowMs` is set. */
  readonly windowCalls: number;
  /** The window: the calls that ended within so many milliseconds; `null` to count calls. */
  readonly windowMs: number | null;
  /** Shares mean nothing below so many calls in the window. */
  readonly windowCallsMin: number;
}

/** What can be set for a breaker. One for each upstream. */
export interface BreakerPolicy extends TripRules {
  /** A `Retry-After` lengthens the time to the next probe up to this, in milliseconds. */
  readonly retryAfterMsMax: number;
  /**
   * A probe that has not reported after this makes way for another, in milliseconds. `null` follows the
   * attempt timeout, below which it may not be: a slow success would come too late to count.
   */
  readonly probeLeaseMs: number | null;
}

/** An outage opens it, and nothing else. */
export const DEFAULT_BREAKER_POLICY: BreakerPolicy = Object.freeze({
  consecutiveFailuresToOpen: null,
  failureRateToOpen: null,
  slowCallRateToOpen: null,
  slowCallMs: 5_000,
  windowCalls: 100,
  windowMs: null,
  windowCallsMin: 20,
  retryAfterMsMax: 60_000,
  probeLeaseMs: null,
});

/** What each field may be. */
export const RULES: OptionRules<BreakerPolicy> = {
  consecutiveFailuresToOpen: { orNull: count(1) },
  failureRateToOpen: { orNull: share(0.01) },
  slowCallRateToOpen: { orNull: share(0.01) },
  slowCallMs: spanMs(),
  windowCalls: count(1, 100_000),
  windowMs: { orNull: spanMs(100) },
  windowCallsMin: count(1, 100_000),
  retryAfterMsMax: spanMs(0),
  probeLeaseMs: { orNull: spanMs() },
};

/** Options that there were, and what to set instead. */
export const REMOVED: Readonly<Record<string, string>> = {
  openMs: 'is now flow.probeMsMin: the first probe comes so long after an outage was detected',
  openMsMax: 'is now flow.probeMsMax: the longest time between two probes',
  openMultiplier:
    'is gone: the time to the next probe is a share of the time since the outage began; set flow.probeShare',
  openJitterShare: 'is gone: the time to the next probe is spread by 10 % both ways',
  probesMax: 'is now flow.probesMax',
  probesToClose: 'is gone: the first success closes the breaker',
};

/**
 * Completes what the caller wrote with the defaults.
 *
 * @param field the path of `options` in what the caller wrote: `upstreams.payments.breaker`
 * @param attemptTimeoutMs how long an attempt at this upstream may take, in milliseconds
 * @throws HoldfastError HF_OPTION_INVALID naming the field that is unknown, gone, out of range or at odds
 */
export function checkBreakerPolicy(
  options: Partial<BreakerPolicy> | undefined,
  field: string,
  attemptTimeoutMs: number = 0,
): BreakerPolicy {
  refuseRemoved(options, REMOVED, field);
  const policy = completeOptions(options, DEFAULT_BREAKER_POLICY, RULES, field);
  requireOption(
    policy.windowMs !== null || policy.windowCallsMin <= policy.windowCalls,
    `${field}.windowCallsMin`,
    'must not be above windowCalls',
  );
  requireOption(
    policy.probeLeaseMs === null || policy.probeLeaseMs >= attemptTimeoutMs,
    `${field}.probeLeaseMs`,
    `must not be below the attempt timeout of ${attemptTimeoutMs} ms: a probe that takes so long would come too late to count. Leave it out to follow the timeout`,
  );
  return policy;
}

/** What the chart of a breaker goes by. */
export interface BreakerPacing
  extends Pick<FlowPolicy, 'probeMsMin' | 'probeShare' | 'probeMsMax'>,
    Pick<BreakerPolicy, 'retryAfterMsMax'> {
  /** The lease of a probe, in milliseconds. */
  readonly leaseMs: number;
}

/** Longer than any time to a next probe, which is spread by a tenth and ends a lease that is not set. */
const NEXT_PROBE_FACTOR = 2;
/** A call is reported at its timeout, maybe a little late, and a lease must not end before that. */
const LEASE_MARGIN_MS = 1_000;

/** What the chart goes by, from what is set for the upstream. */
export function breakerPacing(
  { retryAfterMsMax, probeLeaseMs }: BreakerPolicy,
  { probeMsMin, probeShare, probeMsMax, timeoutMsMax }: FlowPolicy,
): BreakerPacing {
  const longestMs = Math.max(timeoutMsMax + LEASE_MARGIN_MS, NEXT_PROBE_FACTOR * probeMsMax);
  const leaseMs = probeLeaseMs ?? longestMs;
  return { probeMsMin, probeShare, probeMsMax, retryAfterMsMax, leaseMs };
}

/** What decides how long a breaker stays open. */
export interface Trip {
  /** Milliseconds since the first failure of the run that revealed the outage. */
  readonly downMs: number;
  /** A random number from [0, 1). */
  readonly draw: number;
  /** What the upstream asked for, if it did. */
  readonly retryAfterMs?: number | undefined;
  /** How long the probe took that failed: the time to the next counts from its begin. Default 0. */
  readonly tookMs?: number | undefined;
}

/**
 * How long a breaker stays open, in whole milliseconds: the time to the next probe (CB-2). It is a share
 * of the outage ({@link probeGapMs}), from one probe to the next, and nothing else: no trip is remembered from one outage to the next.
 * A `Retry-After` lengthens it, up to its own cap. A draw or a `Retry-After` that is no usable number
 * counts as none.
 */
export function openDurationMs(pacing: BreakerPacing, trip: Trip): number {
  const { retryAfterMs, tookMs = 0 } = trip;
  const gapMs = Math.max(1, probeGapMs(pacing, trip.downMs, trip.draw) - tookMs);
  return Math.max(gapMs, askedWaitMs(pacing, retryAfterMs));
}

/** How long the upstream is left alone since it asked for that, in whole milliseconds; 0 if it did not. */
export function askedWaitMs(
  { retryAfterMsMax }: Pick<BreakerPacing, 'retryAfterMsMax'>,
  retryAfterMs: number = 0,
): number {
  return retryAfterMs > 0 ? Math.ceil(Math.min(retryAfterMsMax, retryAfterMs)) : 0;
}

/**
 * What a call to an upstream may do, made once for each change of its breaker so that reading it
 * costs nothing (CB-5). A crisis does not ask (CB-3).
 *
 * - `pass`: go out.
 * - `probe`: ask with `permit.requested`; without a permit, wait until `retryAtMs`.
 * - `refuse`: wait until `retryAtMs`, or until an operator lets go where that is `null`.
 */
export interface BreakerDecision {
  /** What the results of calls that start now are stamped with. */
  readonly generation: number;
  readonly mode: 'pass' | 'probe' | 'refuse';
  /** When it is worth asking again; `null` when a call may go out now, or nobody knows. */
  readonly retryAtMs: number | null;
  /** Whether results of calls that start now may open it, or be reported as if they did. */
  readonly recordsResults: boolean;
  /** Somebody keeps it open. */
  readonly isHeldOpen: boolean;
  /** How many more probes may go out; 0 outside `probe`. */
  readonly probesFree: number;
}

/** The mode of each state. */
export const BREAKER_MODES: Readonly<Record<BreakerState, BreakerDecision['mode']>> = {
  closed: 'pass',
  open: 'refuse',
  halfOpen: 'probe',
  forcedOpen: 'refuse',
  disabled: 'pass',
  observing: 'pass',
};

// The probes of a half-open breaker, as leases: a probe that does not report makes way for another, so
// that neither a caller who died nor an upstream that answers nothing decides when the next one goes out
// (CB-2).

/** A probe that is out, and when another may go out in its stead even if it never reports. */
export interface ProbeLease {
  readonly id: string;
  readonly leaseEndsAtMs: number;
}

/** A permit that is asked for or reported on. */
export interface PermitFacts {
  readonly permitId: string;
  readonly atMs: number;
  /** A random number from [0, 1) where one is asked for; left out, the middle. */
  readonly draw?: number | undefined;
}

/** The leases that still run at `atMs`. */
export function heldLeases(probes: readonly ProbeLease[], atMs: number): readonly ProbeLease[] {
  return probes.filter((probe) => probe.leaseEndsAtMs > atMs);
}

/**
 * The leases after one more was granted at `atMs`. It lasts no longer than the time to the next probe
 * would be, had this one failed: in an outage in which calls hang, probes follow each other as in one in
 * which they fail at once, and an answer that comes after its lease still counts.
 *
 * @param downMs since the outage began
 */
export function withLease(
  probes: readonly ProbeLease[],
  pacing: BreakerPacing,
  granted: PermitFacts,
  downMs: number,
): readonly ProbeLease[] {
  const { draw = 0.5 } = granted;
  const leaseMs = Math.min(pacing.leaseMs, openDurationMs(pacing, { downMs, draw }));
  const lease = { id: granted.permitId, leaseEndsAtMs: granted.atMs + leaseMs };
  return [...heldLeases(probes, granted.atMs), lease];
}

/** True while the lease of this permit runs. */
export function isLeaseHeld(probes: readonly ProbeLease[], permit: PermitFacts): boolean {
  return probes.some(
    ({ id, leaseEndsAtMs }) => id === permit.permitId && leaseEndsAtMs > permit.atMs,
  );
}

/** When the first of the leases ends; `null` when there is none. */
export function firstLeaseEnd(probes: readonly ProbeLease[]): number | null {
  return probes.length === 0 ? null : Math.min(...probes.map((probe) => probe.leaseEndsAtMs));
}
