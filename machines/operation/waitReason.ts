/**
 * What an operation waits for in each state in which nothing of it is in flight.
 *
 * @module
 */

import type { SyncOperationState } from './syncOperationMachine.ts';

/** What ends the wait: its turn at the upstream, an event, a due time, or a person's decision. */
export type WaitReason = 'turn' | 'lane' | 'handler' | 'backoff' | 'conflict' | 'review';

const REASONS: Partial<Readonly<Record<SyncOperationState, WaitReason>>> = {
  waiting: 'turn',
  replayed: 'turn',
  inLane: 'lane',
  handlerMissing: 'handler',
  backingOff: 'backoff',
  conflicted: 'conflict',
  inReview: 'review',
};

/** Whether it waits for the time after a failed attempt to pass. */
export function isBackingOff(state: SyncOperationState): boolean {
  return waitReasonOf(state) === 'backoff';
}

/** What an operation in `state` waits for; `null` where it is under way, suspect or at its end. */
export function waitReasonOf(state: SyncOperationState): WaitReason | null {
  return REASONS[state] ?? null;
}
