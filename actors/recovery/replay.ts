/**
 * A dead letter on its way back: its chart decides whether (`machines/operation/broughtBack.ts`), the
 * store keeps that it was ordered, and only then does anything run (OP-5, PS-2).
 *
 * @module
 */

import { BROUGHT_BACK } from '../../machines/operation/broughtBack.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { RowPosition } from '../../machines/operation/position.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { ReplayWrite, StoredOperation } from '../../persistence/port/store.ts';
import { decodeOperation, encodeOperation } from '../charts/operationRecord.ts';

/** What the row of a dead letter says of it. */
export function deadLetterContext(row: StoredOperation): SyncOperationContext {
  return decodeOperation(row).snapshot.context;
}

/** The write that orders it; `payload` is an edited one. */
export function replayWrite(
  row: Pick<StoredOperation, 'seq' | 'id' | 'revision'>,
  context: SyncOperationContext,
  to: { readonly position: RowPosition; readonly toSeq: number; readonly payload: string | null },
): ReplayWrite {
  return {
    kind: 'replay',
    seq: row.seq,
    id: row.id,
    revision: row.revision + 1,
    toSeq: to.toSeq,
    dueAtMs: to.position.dueAtMs ?? 0,
    waitsFor: to.position.waitsFor,
    route: to.position.route,
    lane: entityKey(context.entity),
    state: encodeOperation({ value: BROUGHT_BACK, context }),
    payload: to.payload,
  };
}
