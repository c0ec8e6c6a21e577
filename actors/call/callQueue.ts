/**
 * Calls that wait for a permit, in memory: the most urgent first, of one rank the longest waiting.
 *
 * @module
 */

import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { GuardedCall } from './guardedCall.ts';

export class CallQueue {
  readonly #ranks: readonly Set<GuardedCall>[] = Array.from(
    { length: URGENCY_MAX + 1 },
    () => new Set(),
  );
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The rank of the most urgent; `Infinity` where none waits. */
  get urgency(): number {
    if (this.#size === 0) return Number.POSITIVE_INFINITY;
    return this.#ranks.findIndex((rank) => rank.size > 0);
  }

  add(call: GuardedCall): void {
    this.#ranks[call.urgency]?.add(call);
    this.#size += 1;
  }

  delete(call: GuardedCall): void {
    if (this.#ranks[call.urgency]?.delete(call) === true) this.#size -= 1;
  }

  /** The most urgent, which stays. */
  first(): GuardedCall | null {
    if (this.#size === 0) return null;
    for (const rank of this.#ranks) for (const call of rank) return call;
    return null;
  }

  /** All of them, the most urgent first, as they are now. */
  all(): readonly GuardedCall[] {
    return this.#ranks.flatMap((rank) => [...rank]);
  }
}
