/**
 * How far operations are, as they are counted: what the file of a store keeps count of, and no finer.
 *
 * @module
 */

import { hasEnded } from './demand.ts';
import type { SyncOperationState } from './syncOperationState.ts';
import { waitReasonOf } from './waitReason.ts';

/**
 * Each operation is in one of them. `ready`: nothing is in its way but its turn, so it is under way, or waits for
 * its upstream or for the time after a failed attempt. `ended`: completed, cancelled or expired, and kept.
 */
export const STAGES = [
  'ready',
  'inLane',
  'rateLimited',
  'handlerMissing',
  'conflicted',
  'inReview',
  'deadLettered',
  'ended',
] as const;
export type Stage = (typeof STAGES)[number];

const OF_REASON = {
  lane: 'inLane',
  rate: 'rateLimited',
  handler: 'handlerMissing',
  conflict: 'conflicted',
  review: 'inReview',
  turn: 'ready',
  backoff: 'ready',
  overhang: 'ready',
} as const satisfies Record<string, Stage>;

export function stageOf(state: SyncOperationState): Stage {
  if (hasEnded(state)) return state === 'deadLettered' ? 'deadLettered' : 'ended';
  const reason = waitReasonOf(state);
  return reason === null ? 'ready' : OF_REASON[reason];
}
