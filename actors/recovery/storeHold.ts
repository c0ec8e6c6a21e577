/**
 * Whether a store is held that was restored, copied or rolled back, or lost its last commits, and which of its crises are served
 * all the same (PS-5, SE-6).
 *
 * @module
 */

import { watchedAtMs } from '../../machines/operation/due.ts';
import { inHandPosition, restingPosition, routeOf } from '../../machines/operation/position.ts';
import { toldAtRest } from '../../machines/operation/stage.ts';
import type { SyncOperationState } from '../../machines/operation/syncOperationMachine.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { builtInOf, urgencyOf } from '../../machines/vocabulary/urgency.ts';
import { type Hold, heldError, holdWrite } from '../../persistence/port/review.ts';
import type { RecordStore, StoredOperation, StoreInfo } from '../../persistence/port/store.ts';
import { operationChart } from '../charts/chartOfWork.ts';
import { encodeOperation } from '../charts/operationRecord.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { Facts } from '../facts/factStream.ts';
import { operationUnknown, quarantinedError } from '../operation/outcome.ts';

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
    if (hold !== null) this.#begin(hold, facts);
  }

  /** Serves the crises of before while it is not known whether the store is to be held. */
  serveCrises(): void {
    this.#seqMax = 0;
  }

  /**
   * Holds the store, which is behind its anchor; in memory also where the disk does not take it.
   *
   * @throws HoldfastError `HF_STORE_…`: a restart does not know of it, and compares again.
   */
  async rolledBack(store: RecordStore, sinceAtMs: number, facts: Facts): Promise<void> {
    const hold: Hold = { reason: 'rolledBack', sinceAtMs, seqMax: 0 };
    this.#begin(hold, facts);
    await store.commit([holdWrite(hold)]);
  }

  #begin(hold: Hold, facts: Facts): void {
    this.#hold = hold;
    this.#seqMax = hold.seqMax;
    facts.emit('store.held', hold.reason, heldError(hold));
  }

  /** A crisis that was accepted since the hold began. */
  isItsCrisis(row: StoredOperation): boolean {
    return passesBy('storage', row) && row.seq > this.#seqMax;
  }

  /** A crisis from before the hold, of which nobody knows here what became: it is sent once a person ends the hold. */
  isHeldBack(row: StoredOperation): boolean {
    return this.#hold !== null && passesBy('storage', row) && !this.isItsCrisis(row);
  }

  /**
   * Ends the hold on disk; resolves to whether there was one.
   *
   * @param aboveEpoch the commit that the anchor names, where that is known
   * @throws HoldfastError `HF_STORE_…`: it is held still.
   */
  async release(store: RecordStore, aboveEpoch?: number): Promise<boolean> {
    if (this.#hold === null) return false;
    await store.commit([holdWrite(null, aboveEpoch)]);
    this.#hold = null;
    return true;
  }
}

/** One by its id. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`. */
export async function rowAtRest(store: RecordStore, id: string): Promise<StoredOperation> {
  const row = await store.find(id);
  if (row === null) throw operationUnknown();
  if (row.standing === 'quarantined') throw quarantinedError();
  return row;
}

/** Keeps what somebody wants of it; `false` where it takes no notice, as a crisis and what has ended do. */
export async function tellAtRest(
  store: RecordStore,
  clock: Pick<Clock, 'now'>,
  id: string,
  wish: 'cancel.requested' | 'retry.requested',
): Promise<boolean> {
  const row = await rowAtRest(store, id);
  const { chart, snapshot } = decodeWork(row);
  if (chart !== operationChart) return false;
  const value = operationChart.stateOf(snapshot.value) as SyncOperationState;
  const told = toldAtRest({ value, context: snapshot.context }, wish, clock.now());
  if (told === null) return false;
  const { context } = told;
  const route = routeOf(context.type);
  const position =
    wish === 'cancel.requested'
      ? inHandPosition(route)
      : restingPosition(told.value, context, route, 0);
  const [result] = await store.commit([
    {
      kind: 'update',
      seq: row.seq,
      id,
      urgency: urgencyOf(context.priority, builtInOf(context)),
      expiresAtMs: watchedAtMs(told.value, context),
      subject: context.subject,
      revision: row.revision + 1,
      ...position,
      state: encodeOperation(told),
      leavesLane: false,
      payload: row.payload,
    },
  ]);
  return result?.kind === 'updated';
}
