/**
 * Who has the next turn at an upstream: the most urgent that waits, and of 32 turns one a rank behind it,
 * each of those ranks in its turn (DG-2). Within a rank the longest due goes first. So whatever arrives,
 * each rank that waits has a turn in at most 32 times as many as there are ranks, and nobody waits for ever.
 *
 * @module
 */

import { lessUrgent, mostUrgent, NO_RANKS, type RankSet } from '../vocabulary/rankSet.ts';
import { URGENCY_MAX } from '../vocabulary/urgency.ts';

/** What is less urgent has one turn beside so many of what goes before it. */
export const TURNS_PER_SHARE = 31;
/** So many are owed at most: what could not be given for long is no flood later. */
const OWED_MAX = 6;

export class TurnShare {
  /** Turns for which what waited behind them had none yet. */
  #turns: number;
  /** Where among the ranks the next share is looked for. */
  #from: number;

  /**
   * @param start any whole number, another for each process: where in the round it begins, so that processes
   *   that live for a few turns only keep nobody waiting either. The first turn is no share: after a start the
   *   most urgent goes first (SV-3)
   */
  constructor(start: number) {
    this.#turns = start % TURNS_PER_SHARE;
    this.#from = start % (URGENCY_MAX + 1);
  }

  /** How many turns are owed to what is less urgent. */
  get owed(): number {
    return Math.floor(this.#turns / TURNS_PER_SHARE);
  }

  /** The rank that is owed a turn before the most urgent of those that wait; `null` for none. */
  rankOwed(waiting: RankSet): number | null {
    if (this.#turns < TURNS_PER_SHARE) return null;
    const behind = lessUrgent(waiting, mostUrgent(waiting));
    if (behind === NO_RANKS) return null;
    const next = lessUrgent(behind, this.#from);
    return mostUrgent(next === NO_RANKS ? behind : next);
  }

  /** One of this rank had its turn while these waited. */
  took(rank: number, waiting: RankSet): void {
    const isAnyBehind = lessUrgent(waiting, rank) !== NO_RANKS;
    this.#turns = isAnyBehind ? Math.min(this.#turns + 1, OWED_MAX * TURNS_PER_SHARE) : 0;
  }

  /** This rank had turns that were owed. */
  tookShare(rank: number, times: number): void {
    this.#turns = Math.max(0, this.#turns - times * TURNS_PER_SHARE);
    this.#from = rank;
  }
}
