/**
 * What an operation waits for in each state in which nothing of it is in flight.
 *
 * @module
 */

import type { SyncOperationContext, SyncOperationState } from './syncOperationMachine.ts';

/**
 * What ends the wait: its turn at the upstream, an event, a due time, or a person's decision.
 * - `rate`: its subject's or its tier's rate is used up, until its token is due.
 * - `startAt`: it is to begin at an instant to come (`startAtMs`).
 * - `overhang`: its handler is silent far beyond its time-out, and has to return first.
 */
export const WAIT_REASONS = [
  'turn',
  'lane',
  'handler',
  'backoff',
  'rate',
  'startAt',
  'conflict',
  'review',
  'overhang',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

const REASONS: Partial<Readonly<Record<SyncOperationState, WaitReason>>> = {
  waiting: 'turn',
  replayed: 'turn',
  inLane: 'lane',
  handlerMissing: 'handler',
  backingOff: 'backoff',
  rateLimited: 'rate',
  scheduled: 'startAt',
  overhanging: 'overhang',
  conflicted: 'conflict',
  inReview: 'review',
};

/** The waits that end only when somebody does something: registers a handler, or decides. */
export type AskingReason = Extract<WaitReason, 'handler' | 'conflict' | 'review'>;

/** Whether somebody has to do something. */
export function asksForSomebody(reason: WaitReason): reason is AskingReason {
  return reason === 'handler' || reason === 'conflict' || reason === 'review';
}

/** Whether this operation does: a conflict of an edit is merged, and somebody asked only where rules can't decide. */
export function asksNow(
  reason: WaitReason,
  { isEdit }: Pick<SyncOperationContext, 'isEdit'>,
): reason is AskingReason {
  return asksForSomebody(reason) && !(reason === 'conflict' && isEdit === true);
}

/**
 * Whether its end is told of: something has to happen, somebody to decide, or the instant to come that it was
 * accepted for; no pause on its way.
 */
export function isEvent(reason: WaitReason): boolean {
  return reason !== 'turn' && reason !== 'backoff' && reason !== 'rate';
}

/** The state in which an operation waits for somebody to do this. */
export const STATE_WAITING_FOR = {
  handler: 'handlerMissing',
  conflict: 'conflicted',
  review: 'inReview',
} as const satisfies Record<AskingReason, SyncOperationState>;

/** Whether it waits for the time after a failed attempt to pass. */
export function isBackingOff(state: SyncOperationState): boolean {
  return waitReasonOf(state) === 'backoff';
}

/** What an operation in `state` waits for; `null` where it is under way, suspect or at its end. */
export function waitReasonOf(state: SyncOperationState): WaitReason | null {
  return REASONS[state] ?? null;
}

/** Since when it is in the wait that it is in, by the wall clock. */
export function waitsSinceMs({
  sinceAtMs,
  acceptedAtMs,
}: Pick<SyncOperationContext, 'sinceAtMs' | 'acceptedAtMs'>): number {
  return sinceAtMs ?? acceptedAtMs;
}
