/**
 * Operations in memory that wait for a slot, most urgent first, in order of arrival within a rank.
 *
 * @module
 */

import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';

export class ReadyQueue<T extends { readonly urgency: number }> {
  readonly #ranks: readonly Set<T>[] = Array.from({ length: URGENCY_MAX + 1 }, () => new Set<T>());
  /** The rank that each came with: its own may be raised meanwhile. */
  readonly #rankOf = new Map<T, number>();
  #size = 0;

  add(item: T): void {
    this.delete(item);
    this.#ranks[item.urgency]?.add(item);
    this.#rankOf.set(item, item.urgency);
    this.#size += 1;
  }

  /** False where it was not there. */
  delete(item: T): boolean {
    const rank = this.#rankOf.get(item);
    if (rank === undefined) return false;
    this.#ranks[rank]?.delete(item);
    this.#rankOf.delete(item);
    this.#size -= 1;
    return true;
  }

  /**
   * The first that is at least as urgent as `urgencyBound`; it stays in the queue. Ranks from `from` on
   * are looked at before those above it.
   */
  first(urgencyBound: number, from = 0): T | undefined {
    if (this.#size === 0) return undefined;
    for (let step = 0; step <= urgencyBound; step += 1) {
      for (const item of this.#ranks[(from + step) % (urgencyBound + 1)] ?? []) return item;
    }
    return undefined;
  }
}
