/**
 * What runs and what is parked at each level (DG-2): the written table, to be read and agreed on by
 * people who know the patients.
 *
 * The rows are levels. In each, first how urgent the request is, then what its subject pays for.
 * What is more urgent never makes way to what is less urgent: a test holds the table to it, and the
 * store needs it, since it hands out work by a single bound.
 *
 * Parked is not stopped. What is parked makes way to what runs, and takes the room that this leaves; and
 * of any sixteen slots one is its own all the same, so that no work waits for ever.
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
import { LEVELS, type Level } from './degradationLevel.ts';

/** `run`: it has room of its own. `park`: it has what is left, and a small share. */
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
  // There is less room than is asked for: what can make way does.
  limited: {
    crisis: ALL_RUN,
    high: ALL_RUN,
    normal: { premium: 'run', basic: 'run', trial: 'park' },
    low: ALL_PARK,
  },
  // Little gets through: it is for what is urgent, in every tier.
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
 * The rank of the least urgent request that is not parked, from the level of an upstream and the level of
 * the whole process; as `urgencyOf` counts ranks, 0 being a crisis.
 */
export function urgencyBoundAt(upstreamLevel: Level, processLevel: Level): number {
  return Math.min(BOUNDS[upstreamLevel], BOUNDS[processLevel]);
}

/** One slot in this many is for parked work. */
const SLOTS_PER_TRICKLE = 16;

/**
 * How many calls of parked ranks may be in flight although more urgent work waits: one slot in sixteen,
 * and at least one. No level can starve the work by which it would be seen that things are better.
 */
export function trickleOf(slots: number): number {
  return Math.max(1, Math.floor(slots / SLOTS_PER_TRICKLE));
}

/** The rank of the least urgent request that is not parked at each level, from {@link ADMISSION_TABLE}. */
const BOUNDS = Object.fromEntries(LEVELS.map((level) => [level, boundOf(level)])) as Readonly<
  Record<Level, number>
>;

/** The last rank before the first one that is parked. */
function boundOf(level: Level): number {
  const waiting = PRIORITIES.flatMap((priority) =>
    TIERS.filter((tier) => admissionOf(level, priority, tier) !== 'run').map((tier) =>
      urgencyOf(priority, tier),
    ),
  );
  return Math.min(URGENCY_MAX + 1, ...waiting) - 1;
}
