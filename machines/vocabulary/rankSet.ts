/**
 * Sets of urgency ranks, as the bits of a number: bit n is rank n. What is asked for each turn
 * costs no more than a few operations on numbers.
 *
 * @module
 */

export type RankSet = number;

export const NO_RANKS: RankSet = 0;

/** Only this rank. */
export function only(rank: number): RankSet {
  return 1 << rank;
}

/** This rank and all that are more urgent; none of a rank below 0, by which no number can be shifted. */
export function upTo(rank: number): RankSet {
  return rank < 0 ? NO_RANKS : (2 << rank) - 1;
}

/** The ranks of a set that are less urgent than this rank. */
export function lessUrgent(ranks: RankSet, rank: number): RankSet {
  return ranks & ~upTo(rank);
}

/** The most urgent of a set; `Infinity` of none. */
export function mostUrgent(ranks: RankSet): number {
  return ranks === NO_RANKS ? Number.POSITIVE_INFINITY : 31 - Math.clz32(ranks & -ranks);
}

/** The least urgent of a set; -1 of none. */
export function leastUrgent(ranks: RankSet): number {
  return 31 - Math.clz32(ranks);
}
