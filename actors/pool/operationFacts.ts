/**
 * Tells of what the states of operations mean to the world: that one waits and why, goes on, or is
 * suspect. Attempts publish their own facts, and those of acceptances and endings come from the
 * part that learns that they are on disk.
 *
 * @module
 */

import { isSuspect } from '../../machines/operation/demand.ts';
import type {
  SyncOperationSnapshot,
  SyncOperationState,
} from '../../machines/operation/syncOperationMachine.ts';
import { isEvent, waitReasonOf } from '../../machines/operation/waitReason.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Resident } from '../operation/resident.ts';

/** An operation has gone from one state to another; `from` is `null` for a new one. */
export function tellOfMove(
  parts: { readonly facts: Facts; readonly dispatcher: Pick<Dispatcher, 'turnWait'> },
  { handler, urgency }: Pick<Resident, 'handler' | 'urgency'>,
  from: SyncOperationState | null,
  { value: to, context }: SyncOperationSnapshot,
): void {
  const { facts, dispatcher } = parts;
  const upstream = handler?.upstream ?? null;
  const waitedFor = from === null ? null : waitReasonOf(from);
  const waitsFor = waitReasonOf(to);
  if (waitedFor !== waitsFor && waitedFor !== null && isEvent(waitedFor)) {
    facts.emit('operation.resumed', context, upstream, waitedFor);
  }
  if (isSuspect(to)) facts.emit('operation.suspected', context, upstream);
  if (waitsFor === null) return;
  if (waitsFor !== 'turn') facts.emit('operation.parked', context, upstream, waitsFor, waitsFor);
  // Without a handler it waits for that, in a moment.
  else if (upstream !== null) {
    const { reason } = dispatcher.turnWait(upstream, urgency);
    facts.emit('operation.parked', context, upstream, reason, waitsFor);
  }
}
