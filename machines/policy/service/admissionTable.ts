/**
 * What runs and what waits at each level (DG-2): the written table, to be read and agreed on by
 * people who know the patients.
 *
 * The rows are levels. In each, first how urgent the request is, then what its subject pays for.
 * Whoever is more urgent never waits while someone less urgent runs: a test holds the table to it,
 * and the store needs it, since it hands out work by a single bound.
 *
 * @module
 */

import {
  PRIORITIES,
  type Priority,
  TIERS,
  type Tier,
  URGENCY_MAX,
  urgencyOf,
} from '../../vocabulary/urgency.ts';
import type { BreakerDecision } from '../breaker/breakerDecision.ts';
import { LEVELS, type Level } from './degradationLevel.ts';

/** `run`: it goes out. `park`: it is kept on disk and goes out when the level is better. */
export type Admission = 'run' | 'park';

type ForEachTier = Readonly<Record<Tier, Admission>>;

const ALL_RUN: ForEachTier = { premium: 'run', basic: 'run', trial: 'run' };
const ALL_PARK: ForEachTier = { premium: 'park', basic: 'park', trial: 'park' };

export const ADMISSION_TABLE: Readonly<Record<Level, Readonly<Record<Priority, ForEachTier>>>> = {
  // All is well.
  normal: {
    crisis: ALL_RUN,
    high: ALL_RUN,
    normal: ALL_RUN,
    low: ALL_RUN,
  },
  // Something is slow or fails now and then: what can wait does.
  limited: {
    crisis: ALL_RUN,
    high: ALL_RUN,
    normal: { premium: 'run', basic: 'run', trial: 'park' },
    low: ALL_PARK,
  },
  // Little gets through: it is kept for what is urgent, whoever asks.
  criticalOnly: {
    crisis: ALL_RUN,
    high: ALL_RUN,
    normal: ALL_PARK,
    low: ALL_PARK,
  },
  // Nothing gets through: crises are tried all the same, and everything else is kept.
  offline: {
    crisis: ALL_RUN,
    high: ALL_PARK,
    normal: ALL_PARK,
    low: ALL_PARK,
  },
};

/** What happens to a request at a level. */
export function admissionOf(level: Level, priority: Priority, tier: Tier): Admission {
  return ADMISSION_TABLE[level][priority][tier];
}

/**
 * The bound to claim an upstream's work with, from its own level, the level of the whole process and
 * what its breaker says: the rank of the least urgent request that runs, as `urgencyOf` counts them,
 * 0 being a crisis.
 *
 * While the breaker probes, the upstream's own level does not count: the breaker lets only a few
 * calls out, and if they had to be urgent ones, an upstream with none waiting could never prove that
 * it is back.
 */
export function claimBound(
  upstreamLevel: Level,
  globalLevel: Level,
  breakerMode: BreakerDecision['mode'],
): number {
  if (breakerMode === 'refuse') return BOUNDS.offline;
  if (breakerMode === 'probe') return BOUNDS[globalLevel];
  return Math.min(BOUNDS[upstreamLevel], BOUNDS[globalLevel]);
}

/** The rank of the least urgent request that runs at each level, from {@link ADMISSION_TABLE}. */
const BOUNDS = Object.fromEntries(LEVELS.map((level) => [level, boundOf(level)])) as Readonly<
  Record<Level, number>
>;

/** The last rank before the first one that has to wait. */
function boundOf(level: Level): number {
  const waiting = PRIORITIES.flatMap((priority) =>
    TIERS.filter((tier) => admissionOf(level, priority, tier) !== 'run').map((tier) =>
      urgencyOf(priority, tier),
    ),
  );
  return Math.min(URGENCY_MAX + 1, ...waiting) - 1;
}
