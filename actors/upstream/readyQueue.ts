/**
 * What waits for a slot in memory, operations or guarded calls: most urgent first, in order of arrival within a rank.
 *
 * @module
 */

import {
  mostUrgent,
  NO_RANKS,
  only,
  type RankSet,
  URGENCY_MAX,
  upTo,
} from '../../machines/vocabulary/urgency.ts';

const ALL_RANKS = upTo(URGENCY_MAX);

export class ReadyQueue<T extends { readonly urgency: number }> {
  readonly #ranks: readonly Set<T>[] = Array.from({ length: URGENCY_MAX + 1 }, () => new Set<T>());
  /** The rank that each came with: its own may be raised meanwhile. */
  readonly #rankOf = new Map<T, number>();
  /** The ranks of those that wait. A field: it is read with each call. */
  ranks: RankSet = NO_RANKS;

  get size(): number {
    return this.#rankOf.size;
  }

  add(item: T): void {
    this.delete(item);
    this.#ranks[item.urgency]?.add(item);
    this.#rankOf.set(item, item.urgency);
    this.ranks |= only(item.urgency);
  }

  /** False where it was not there. */
  delete(item: T): boolean {
    const rank = this.#rankOf.get(item);
    if (rank === undefined) return false;
    this.#ranks[rank]?.delete(item);
    this.#rankOf.delete(item);
    if (this.#ranks[rank]?.size === 0) this.ranks &= ~only(rank);
    return true;
  }

  /** How many of this rank wait. */
  count(rank: number): number {
    return this.#ranks[rank]?.size ?? 0;
  }

  /** The first of these ranks; it stays in the queue. */
  first(among: RankSet = ALL_RANKS): T | undefined {
    const ranks = this.ranks & among;
    if (ranks === NO_RANKS) return undefined;
    for (const item of this.#ranks[mostUrgent(ranks)] ?? []) return item;
    return undefined;
  }

  /** The first that is fit of those from this rank on, or where there is none of all. */
  firstFit(rank: number, isFit: (item: T) => boolean): T | undefined {
    for (let each = 0; each <= URGENCY_MAX; each += 1) {
      for (const item of this.#ranks[(rank + each) % (URGENCY_MAX + 1)] ?? []) {
        if (isFit(item)) return item;
      }
    }
    return undefined;
  }

  /** All that wait, by rank. */
  get all(): readonly T[] {
    return this.#ranks.flatMap((rank) => [...rank]);
  }
}
