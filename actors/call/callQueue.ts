/**
 * Calls that wait for a permit, in memory: the most urgent first, of one rank the longest waiting.
 *
 * @module
 */

import {
  mostUrgent,
  NO_RANKS,
  only,
  type RankSet,
  upTo,
} from '../../machines/vocabulary/rankSet.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { GuardedCall } from './guardedCall.ts';

const ALL_RANKS = upTo(URGENCY_MAX);

export class CallQueue {
  readonly #ranks: readonly Set<GuardedCall>[] = Array.from(
    { length: URGENCY_MAX + 1 },
    () => new Set(),
  );
  #size = 0;
  #waiting = NO_RANKS;

  get size(): number {
    return this.#size;
  }

  /** The ranks of those that wait. */
  get ranks(): RankSet {
    return this.#waiting;
  }

  /** The rank of the most urgent; `Infinity` where none waits. */
  get urgency(): number {
    return mostUrgent(this.#waiting);
  }

  add(call: GuardedCall): void {
    this.#ranks[call.urgency]?.add(call);
    this.#waiting |= only(call.urgency);
    this.#size += 1;
  }

  delete(call: GuardedCall): void {
    const rank = this.#ranks[call.urgency];
    if (rank?.delete(call) !== true) return;
    this.#size -= 1;
    if (rank.size === 0) this.#waiting &= ~only(call.urgency);
  }

  /** The most urgent of these ranks, which stays. */
  first(among: RankSet = ALL_RANKS): GuardedCall | null {
    const ranks = this.#waiting & among;
    if (ranks === NO_RANKS) return null;
    for (const call of this.#ranks[mostUrgent(ranks)] ?? []) return call;
    return null;
  }

  /** All of them, the most urgent first, as they are now. */
  all(): readonly GuardedCall[] {
    return this.#ranks.flatMap((rank) => [...rank]);
  }
}
