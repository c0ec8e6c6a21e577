/**
 * From what is measured to the level it calls for (DG-1): of one upstream, or of the whole process.
 *
 * @module
 */

import type { NetworkGrade } from '../../vocabulary/networkGrade.ts';
import { completeOptions, requireOption } from '../../vocabulary/optionFields.ts';
import { count, type OptionRules, share, spanMs } from '../../vocabulary/optionRules.ts';
import type { BreakerState } from '../breaker/breakerPolicy.ts';
import { LEVELS, type Level, worstOf } from './degradationLevel.ts';
import { STORAGE_LEVELS, type StorageState } from './storageTrouble.ts';

/**
 * What was measured; a signal that is absent is unknown and calls for nothing.
 *
 * Each signal must be about the present. One that only work can refresh has to become unknown when
 * no work is done, or work parked because of it could never prove that the trouble is over.
 */
export interface DegradationSignals {
  /** Of one upstream: the state of its breaker. */
  readonly breaker?: BreakerState | undefined;
  /** Of one upstream: its calls in the last seconds (see `RecentCalls`), not a window of old ones. */
  readonly recentCalls?: { readonly calls: number; readonly failures: number } | undefined;
  /**
   * Of the whole process: the share of upstreams whose breaker opened by itself. One that an operator
   * holds open says nothing about the others.
   */
  readonly openBreakersShare?: number | undefined;
  readonly storage?: StorageState | undefined;
  /** How late the event loop ran a timer, at worst, in the last second (see `EventLoopWatch`). */
  readonly eventLoopDelayMs?: number | undefined;
  readonly network?: NetworkGrade | undefined;
}

/** Where each signal calls for a worse level, and how slowly things get better. */
export interface DegradationPolicy {
  /** A better level must be called for without a break for so long before each step towards it. */
  readonly recoverAfterMs: number;
  /**
   * A level, once entered, is left only below this share of the threshold that it is entered at, so
   * that a signal around the threshold does not make it flap.
   */
  readonly leaveShare: number;
  /** A failure rate means nothing below so many recent calls. */
  readonly callsMin: number;
  readonly failureRateLimited: number;
  readonly failureRateCriticalOnly: number;
  readonly openBreakersShareLimited: number;
  readonly openBreakersShareCriticalOnly: number;
  readonly eventLoopDelayMsLimited: number;
  readonly eventLoopDelayMsCriticalOnly: number;
}

export const DEFAULT_DEGRADATION_POLICY: DegradationPolicy = Object.freeze({
  recoverAfterMs: 100,
  leaveShare: 0.7,
  callsMin: 20,
  failureRateLimited: 0.9,
  failureRateCriticalOnly: 0.95,
  openBreakersShareLimited: 0.5,
  openBreakersShareCriticalOnly: 1,
  eventLoopDelayMsLimited: 250,
  eventLoopDelayMsCriticalOnly: 1_000,
});

/** What each field may be. */
export const RULES: OptionRules<DegradationPolicy> = {
  recoverAfterMs: spanMs(),
  leaveShare: share(),
  callsMin: count(1),
  failureRateLimited: share(0.01),
  failureRateCriticalOnly: share(0.01),
  openBreakersShareLimited: share(0.01),
  openBreakersShareCriticalOnly: share(0.01),
  eventLoopDelayMsLimited: spanMs(),
  eventLoopDelayMsCriticalOnly: spanMs(),
};

/** The signals that are compared with a threshold. */
const GRADED = ['failureRate', 'openBreakersShare', 'eventLoopDelayMs'] as const;
type Graded = (typeof GRADED)[number];

/**
 * Completes what the caller wrote with the defaults.
 *
 * @param field the path of `options` in what the caller wrote: `degradation`
 * @throws HoldfastError HF_OPTION_INVALID naming the field that is unknown, out of range or at odds
 */
export function checkDegradationPolicy(
  options: Partial<DegradationPolicy> | undefined,
  field: string,
): DegradationPolicy {
  const policy = completeOptions(options, DEFAULT_DEGRADATION_POLICY, RULES, field);
  for (const signal of GRADED) {
    requireOption(
      policy[`${signal}CriticalOnly`] >= policy[`${signal}Limited`],
      `${field}.${signal}CriticalOnly`,
      `must not be below ${signal}Limited`,
    );
  }
  return policy;
}

/** A signal that calls for a worse level than `normal`. */
export type LevelCause = 'breaker' | 'storage' | 'network' | Graded;

/** The level that the signals call for, and why. */
export interface WantedLevel {
  readonly wanted: Level;
  /** The signals that call for no better level than that; empty for `normal`. */
  readonly causes: readonly LevelCause[];
}

/**
 * The level that the signals call for, the worst that any of them calls for.
 *
 * @param current the present level: what it was entered for has to fall further before it is left
 */
export function wantedLevel(
  signals: DegradationSignals,
  policy: DegradationPolicy,
  current: Level,
): WantedLevel {
  const { breaker, storage, network } = signals;
  const levels: Readonly<Record<LevelCause, Level>> = {
    breaker: BREAKER_LEVELS[breaker ?? 'closed'],
    storage: STORAGE_LEVELS[storage ?? 'well'],
    network: NETWORK_LEVELS[network ?? 'good'],
    failureRate: gradedLevel('failureRate', signals, policy, current),
    openBreakersShare: gradedLevel('openBreakersShare', signals, policy, current),
    eventLoopDelayMs: gradedLevel('eventLoopDelayMs', signals, policy, current),
  };
  const wanted = worstOf(Object.values(levels));
  return {
    wanted,
    causes: wanted === 'normal' ? [] : CAUSES.filter((of) => levels[of] === wanted),
  };
}

const CAUSES: readonly LevelCause[] = ['breaker', 'storage', 'network', ...GRADED];

/**
 * Half open counts as bad as the first step of a recovery: probes are let out by the breaker itself,
 * and once it has closed the rest follows level by level (DG-3).
 */
const BREAKER_LEVELS: Readonly<Record<BreakerState, Level>> = {
  closed: 'normal',
  open: 'offline',
  halfOpen: 'criticalOnly',
  forcedOpen: 'offline',
  disabled: 'normal',
};

const NETWORK_LEVELS: Readonly<Record<NetworkGrade, Level>> = {
  excellent: 'normal',
  good: 'normal',
  poor: 'limited',
  offline: 'offline',
};

/** What is compared with the thresholds; 0 when unknown. */
function readingOf(signal: Graded, signals: DegradationSignals, policy: DegradationPolicy): number {
  if (signal !== 'failureRate') return signals[signal] ?? 0;
  const { recentCalls } = signals;
  if (recentCalls === undefined || recentCalls.calls < policy.callsMin) return 0;
  return recentCalls.failures / recentCalls.calls;
}

function gradedLevel(
  signal: Graded,
  signals: DegradationSignals,
  policy: DegradationPolicy,
  current: Level,
): Level {
  const reading = readingOf(signal, signals, policy);
  const isAt = (level: 'limited' | 'criticalOnly', threshold: number): boolean => {
    const isEntered = LEVELS.indexOf(current) >= LEVELS.indexOf(level);
    return reading >= (isEntered ? threshold * policy.leaveShare : threshold);
  };
  // A reading of 0 is no trouble, even where leaveShare is 0.
  if (reading > 0) {
    if (isAt('criticalOnly', policy[`${signal}CriticalOnly`])) return 'criticalOnly';
    if (isAt('limited', policy[`${signal}Limited`])) return 'limited';
  }
  return 'normal';
}
