/**
 * How far operations are, as they are counted: what the file of a store keeps count of, and no finer.
 *
 * @module
 */

import type { Standing, WaitsFor } from '../vocabulary/standing.ts';
import { hasEnded } from './demand.ts';
import type { SyncOperationState } from './syncOperationState.ts';
import { waitReasonOf } from './waitReason.ts';

/**
 * Each operation is in one of them. `ready`: nothing is in its way but its turn, so it is under way, or waits for
 * its upstream or for the time after a failed attempt. `scheduled`: it is to begin at an instant to come. `ended`: completed, cancelled or expired, and kept.
 */
export const STAGES = [
  'ready',
  'inLane',
  'scheduled',
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
  startAt: 'scheduled',
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

/** How many are in each, by how many stand where, and how many of these wait for more than their turn and lane. */
export function countedByStage(
  { inHand, due, held, settled, deadLettered }: Readonly<Record<Standing, number>>,
  {
    handler,
    conflict,
    review,
    rate,
    startAt,
  }: Readonly<Record<Exclude<WaitsFor, 'turn' | 'lane'>, number>>,
): Readonly<Record<Stage, number>> {
  const inLane = held - conflict - review;
  return {
    ready: inHand + due - handler - rate - startAt,
    inLane,
    scheduled: startAt,
    rateLimited: rate,
    handlerMissing: handler,
    conflicted: conflict,
    inReview: review,
    deadLettered,
    ended: settled,
  };
}
