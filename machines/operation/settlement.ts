/**
 * What the ending of an operation means for its row: where it stands, and what it keeps.
 *
 * @module
 */

import type { RowPosition } from './position.ts';
import type { SyncOperationContext } from './syncOperationMachine.ts';

type Ended = Pick<SyncOperationContext, 'ending' | 'settledAtMs'>;

/** Where it stands: a dead letter waits for a person, however long that takes; all else may be purged. */
export function settledPosition(
  context: Ended,
  upstream: string,
  retentionMs: number,
): RowPosition {
  if (context.ending === 'deadLettered') {
    return { standing: 'deadLettered', dueAtMs: null, waitsFor: 'turn', route: upstream };
  }
  const dueAtMs = (context.settledAtMs ?? 0) + retentionMs;
  return { standing: 'settled', dueAtMs, waitsFor: 'turn', route: upstream };
}

/** Whether its lane goes to the next: a dead letter may hold it until a person decides (OP-4). */
export function leavesLane({ ending }: Ended, strictOrder: boolean): boolean {
  return ending !== 'deadLettered' || !strictOrder;
}

/** Whether its payload is kept: only a dead letter may run again (OP-5, SE-5). */
export function keepsPayload({ ending }: Ended): boolean {
  return ending === 'deadLettered';
}
