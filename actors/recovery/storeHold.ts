/**
 * Whether a restored or copied store is held, and which of its crises are served all the same
 * (PS-5).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/passes.ts';
import { type Hold, heldError, holdWrite } from '../../persistence/port/hold.ts';
import type { RecordStore, StoredOperation, StoreInfo } from '../../persistence/port/store.ts';
import type { Facts } from '../facts/factStream.ts';

/** Whether the store is held, and what of it may be served all the same (PS-5). */
export class StoreHold {
  #hold: Hold | null = null;
  /** What was accepted later is the held store's own: its crises are served. */
  #seqMax = Number.MAX_SAFE_INTEGER;

  /** Why nothing of the store runs; `null` where it does. */
  get hold(): Hold | null {
    return this.#hold;
  }

  /** Takes it from what the store says of itself, and says so where it is held. */
  read({ hold }: Pick<StoreInfo, 'hold'>, facts: Facts): void {
    this.#hold = hold;
    if (this.#hold === null) return;
    this.#seqMax = this.#hold.seqMax;
    facts.emit('store.held', this.#hold.reason, heldError(this.#hold));
  }

  /** A crisis that was accepted since the hold began. */
  isItsCrisis(row: StoredOperation): boolean {
    return passesBy('storage', row) && row.seq > this.#seqMax;
  }

  /**
   * Ends the hold on disk; resolves to whether there was one.
   *
   * @throws HoldfastError `HF_STORE_…`: it is held still.
   */
  async release(store: RecordStore): Promise<boolean> {
    if (this.#hold === null) return false;
    await store.commit([holdWrite(null)]);
    this.#hold = null;
    return true;
  }
}
