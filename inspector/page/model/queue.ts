/**
 * The queue in the order in which it is served: by upstream, then the most urgent first.
 *
 * @module
 */

import type { QueueRow } from '../../protocol.ts';

const PRIORITIES: readonly string[] = ['crisis', 'high', 'normal', 'low'];
const TIERS: readonly string[] = ['premium', 'basic', 'trial'];

export function queueInOrder(queue: readonly QueueRow[]): readonly QueueRow[] {
  return queue
    .filter(({ waiting }) => waiting > 0)
    .toSorted(
      (one, other) =>
        one.upstream.localeCompare(other.upstream) ||
        PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority) ||
        TIERS.indexOf(one.tier) - TIERS.indexOf(other.tier),
    );
}
