/**
 * Waiting work in the order in which it is served: by upstream, then the most urgent first; and all of one upstream
 * together.
 *
 * @module
 */

import type { QueueRow } from '../../protocol.ts';

const PRIORITIES: readonly string[] = ['crisis', 'high', 'normal', 'low'];
const TIERS: readonly string[] = ['premium', 'basic', 'trial'];

export function queueInOrder(queue: readonly QueueRow[]): readonly QueueRow[] {
  return queue.toSorted(
    (one, other) =>
      (one.upstream ?? '').localeCompare(other.upstream ?? '') ||
      PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority) ||
      TIERS.indexOf(one.tier ?? '') - TIERS.indexOf(other.tier ?? ''),
  );
}

/** Waiting work at one upstream, of every urgency. */
export type WaitsAt = Pick<QueueRow, 'turn' | 'inLane' | 'oldestAtMs'>;

export function waitsAt(queue: readonly QueueRow[], upstream: string): WaitsAt {
  const rows = queue.filter((row) => row.upstream === upstream);
  const oldest = rows.flatMap(({ oldestAtMs }) => oldestAtMs ?? []);
  return {
    turn: rows.reduce((sum, { turn }) => sum + turn, 0),
    inLane: rows.reduce((sum, { inLane }) => sum + inLane, 0),
    oldestAtMs: oldest.length === 0 ? null : Math.min(...oldest),
  };
}
