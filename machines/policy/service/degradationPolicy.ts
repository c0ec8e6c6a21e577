/**
 * From what is measured to the level it calls for (DG-1): of one upstream, or of the whole process.
 *
 * @module
 */

import {
  completeOptions,
  type OptionRules,
  refuseRemoved,
  requireOption,
  share,
  spanMs,
} from '../../vocabulary/optionFields.ts';
import type { NetworkGrade } from '../../vocabulary/upstreamAnswer.ts';
import type { BreakerState } from '../breaker/breakerPolicy.ts';
import { LEVELS, type Level, worstOf } from './degradationLevel.ts';
import { STORAGE_LEVELS, type StorageState } from './storageTrouble.ts';

/**
 * What was measured; a signal that is absent is unknown and calls for nothing.
 *
 * Each signal is about the present, and none of them is a share of calls that fail: an upstream that fails
 * a third of its calls still does the other two, and work that waits because of that waits for ever.
 */
export interface DegradationSignals {
  /** State of the breaker of one upstream. */
  readonly breaker?: BreakerState | undefined;
  /** Why one upstream has fewer slots than are asked for; `null` where it has enough. */
  readonly shortage?: 'ramp' | 'overload' | null | undefined;
  /** State of the storage, of the whole process and never of another upstream. */
  readonly storage?: StorageState | undefined;
  /** How late the event loop ran a timer, at worst, in the last second (see `EventLoopWatch`). */
  readonly eventLoopDelayMs?: number | undefined;
  readonly network?: NetworkGrade | undefined;
  /** True for the whole process while somebody has put everybody into crisis mode (CR-6). */
  readonly isCrisisMode?: boolean | undefined;
}

/** Where the signals with a threshold call for a worse level. */
export interface DegradationPolicy {
  /**
   * A level, once entered, is left only below this share of the threshold that it is entered at, so
   * that a signal around the threshold does not make it flap.
   */
  readonly leaveShare: number;
  readonly eventLoopDelayMsLimited: number;
  readonly eventLoopDelayMsCriticalOnly: number;
}

export const DEFAULT_DEGRADATION_POLICY: DegradationPolicy = Object.freeze({
  leaveShare: 0.7,
  eventLoopDelayMsLimited: 250,
  eventLoopDelayMsCriticalOnly: 1_000,
});

/** What each field may be. */
export const RULES: OptionRules<DegradationPolicy> = {
  leaveShare: share(),
  eventLoopDelayMsLimited: spanMs(),
  eventLoopDelayMsCriticalOnly: spanMs(),
};

const NO_RATES =
  'is gone: a share of calls that fail calls for no level; an outage opens the breaker by itself';
const NOT_BY_OTHERS =
  'is gone: an upstream that is down never holds the work of another; leave it out';

/** Options that there were, and what to do instead. */
export const REMOVED: Readonly<Record<string, string>> = {
  recoverAfterMs: 'is gone: a level is left as soon as nothing calls for it; leave it out',
  callsMin: NO_RATES,
  failureRateLimited: NO_RATES,
  failureRateCriticalOnly: NO_RATES,
  openBreakersShareLimited: NOT_BY_OTHERS,
  openBreakersShareCriticalOnly: NOT_BY_OTHERS,
};

/**
 * Completes what the caller wrote with the defaults.
 *
 * @param field the path of `options` in what the caller wrote: `degradation`
 * @throws HoldfastError HF_OPTION_INVALID naming the field that is unknown, gone, out of range or at odds
 */
export function checkDegradationPolicy(
  options: Partial<DegradationPolicy> | undefined,
  field: string,
): DegradationPolicy {
  refuseRemoved(options, REMOVED, field);
  const policy = completeOptions(options, DEFAULT_DEGRADATION_POLICY, RULES, field);
  requireOption(
    policy.eventLoopDelayMsCriticalOnly >= policy.eventLoopDelayMsLimited,
    `${field}.eventLoopDelayMsCriticalOnly`,
    'must not be below eventLoopDelayMsLimited',
  );
  return policy;
}

/** Causes of a level worse than `normal`, in the order in which they are reported. */
export const LEVEL_CAUSES = [
  'breaker',
  'ramp',
  'overload',
  'storage',
  'network',
  'eventLoopDelayMs',
  'crisisMode',
] as const;
/**
 * - `breaker`: the upstream is down, or somebody holds its breaker open.
 * - `ramp`: its slots open again after a start or an outage, and more are asked for.
 * - `overload`: it had too much to do, and has fewer slots than are asked for.
 * - `storage`, `network`: as they are.
 * - `eventLoopDelayMs`: the process has more to do than it can.
 * - `crisisMode`: a person wants what is urgent to have the room.
 */
export type LevelCause = (typeof LEVEL_CAUSES)[number];

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
  const { breaker, shortage, storage, network, eventLoopDelayMs, isCrisisMode } = signals;
  const levels: Readonly<Record<LevelCause, Level>> = {
    breaker: BREAKER_LEVELS[breaker ?? 'closed'],
    ramp: shortage === 'ramp' ? 'limited' : 'normal',
    overload: shortage === 'overload' ? 'limited' : 'normal',
    storage: STORAGE_LEVELS[storage ?? 'well'],
    network: NETWORK_LEVELS[network ?? 'good'],
    eventLoopDelayMs: loopLevel(eventLoopDelayMs ?? 0, policy, current),
    crisisMode: isCrisisMode === true ? 'criticalOnly' : 'normal',
  };
  const wanted = worstOf(Object.values(levels));
  return {
    wanted,
    causes: wanted === 'normal' ? [] : LEVEL_CAUSES.filter((of) => levels[of] === wanted),
  };
}

/** Half open, only probes go out; who is not urgent makes way to who is. */
const BREAKER_LEVELS: Readonly<Record<BreakerState, Level>> = {
  closed: 'normal',
  open: 'offline',
  halfOpen: 'criticalOnly',
  forcedOpen: 'offline',
  disabled: 'normal',
  observing: 'normal',
};

const NETWORK_LEVELS: Readonly<Record<NetworkGrade, Level>> = {
  excellent: 'normal',
  good: 'normal',
  poor: 'limited',
  offline: 'offline',
};

function loopLevel(delayMs: number, policy: DegradationPolicy, current: Level): Level {
  const isAt = (level: 'limited' | 'criticalOnly', threshold: number): boolean => {
    const isEntered = LEVELS.indexOf(current) >= LEVELS.indexOf(level);
    return delayMs >= (isEntered ? threshold * policy.leaveShare : threshold);
  };
  // A reading of 0 is no trouble, even where leaveShare is 0.
  if (delayMs <= 0) return 'normal';
  if (isAt('criticalOnly', policy.eventLoopDelayMsCriticalOnly)) return 'criticalOnly';
  return isAt('limited', policy.eventLoopDelayMsLimited) ? 'limited' : 'normal';
}
