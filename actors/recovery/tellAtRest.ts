/**
 * One operation of a store at rest: looked at, cancelled, or told to be tried again (OP-5).
 *
 * @module
 */

import { watchedAtMs } from '../../machines/operation/due.ts';
import { inHandPosition, restingPosition, routeOf } from '../../machines/operation/position.ts';
import type { SyncOperationState } from '../../machines/operation/syncOperationMachine.ts';
import { toldAtRest } from '../../machines/operation/toldAtRest.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { builtInOf, urgencyOf } from '../../machines/vocabulary/urgency.ts';
import type { RecordStore, StoredOperation } from '../../persistence/port/store.ts';
import { operationChart } from '../charts/chartOfWork.ts';
import { encodeOperation } from '../charts/operationRecord.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { operationUnknown, quarantinedError } from '../operation/outcome.ts';

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
