/**
 * Tells of what the states of operations mean to the world: that one waits and why, goes on, or is
 * suspect. Attempts publish their own facts, and those of acceptances and endings come from the
 * part that learns that they are on disk.
 *
 * @module
 */

import { routeOf } from '../../machines/operation/position.ts';
import { isEvent } from '../../machines/operation/waitReason.ts';
import type { WorkSnapshot, WorkState } from '../charts/chartOfWork.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Resident } from '../operation/resident.ts';

/** An operation has gone from one state to another; `from` is `null` for a new one. */
export function tellOfMove(
  facts: Facts,
  dispatcher: Pick<Dispatcher, 'turnWait'>,
  { chart, handler, urgency }: Pick<Resident, 'chart' | 'handler' | 'urgency'>,
  from: WorkState | null,
  { value, context }: WorkSnapshot,
): void {
  const upstream = handler?.upstream ?? null;
  const to = chart.stateOf(value);
  const waitedFor = from === null ? null : chart.waitReasonOf(from);
  const waitsFor = chart.waitReasonOf(to);
  if (waitedFor !== waitsFor && waitedFor !== null && isEvent(waitedFor)) {
    facts.emit('operation.resumed', context, upstream, waitedFor);
  }
  if (chart.isSuspected(to, context)) facts.emit('operation.suspected', context, upstream);
  if (waitsFor === null) return;
  if (waitsFor !== 'turn') facts.emit('operation.parked', context, upstream, waitsFor, waitsFor);
  // Without a handler it waits for that, in a moment.
  else if (upstream !== null) {
    const { reason } = dispatcher.turnWait(upstream, {
      urgency,
      route: routeOf(context.type),
      subject: context.subject,
    });
    facts.emit('operation.parked', context, upstream, reason, waitsFor);
  }
}
