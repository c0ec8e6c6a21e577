/**
 * How far operations are, as they are counted: what the file of a store keeps count of, and no finer.
 *
 * @module
 */

import { transition } from 'xstate';
import { innermost } from '../vocabulary/innermost.ts';
import type { Standing, WaitsFor } from '../vocabulary/standing.ts';
import { hasEnded } from './demand.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';
import { operationAt, syncOperationMachine } from './syncOperationMachine.ts';
import type { SyncOperationState } from './syncOperationState.ts';
import { type WaitReason, waitReasonOf } from './waitReason.ts';

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
  return reason === null ? 'ready' : stageWhile(reason);
}

/** The stage of what waits for this, in whichever state. */
export function stageWhile(reason: WaitReason): Stage {
  return OF_REASON[reason];
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

/** Where an operation is, and what is known of it. */
interface KeptOperation {
  readonly value: SyncOperationState;
  readonly context: SyncOperationContext;
}

/**
 * `null` where the word changes nothing. One that is cancelled is kept as it would be while its handler is told
 * to stop, and ends when a process next runs: nobody knows here how long its row is to be kept then.
 */
export function toldAtRest(
  { value, context }: KeptOperation,
  wish: 'cancel.requested' | 'retry.requested',
  atMs: number,
): KeptOperation | null {
  if (value === 'cancelling' || value === 'settling') return null;
  // Kept as an order, it was in flight when the process died: how far that had come nobody knows.
  const at = value === 'ordering' ? 'attempting' : value;
  const before = operationAt(at, context);
  const event = { type: wish, atMs };
  if (!before.can(event)) return null;
  if (wish === 'cancel.requested' && at !== 'attempting') return { value: 'cancelling', context };
  const [after] = transition(syncOperationMachine, before, event);
  return { value: innermost(after.value), context: after.context };
}
