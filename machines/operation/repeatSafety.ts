/**
 * Whether an operation may be attempted again under its idempotency key without a risk of doing it
 * twice (RT-2).
 *
 * @module
 */

import { transition } from 'xstate';
import { innermost } from '../vocabulary/innermost.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';
import { type ReplayFacts, syncOperationMachine } from './syncOperationMachine.ts';
import type { SyncOperationState } from './syncOperationState.ts';

/** What an operation's handler says about its upstream, as plain data. */
export interface HandlerFacts {
  /** Whether the upstream does nothing twice under one idempotency key. Default true. */
  readonly honoursIdempotencyKey?: boolean | undefined;
  /** How long the upstream remembers a key, from the first attempt. Default {@link KEY_LIFETIME_MS}. */
  readonly keyLifetimeMs?: number | undefined;
}

/** How long an upstream remembers a key unless its handler says otherwise: a day, as Stripe does. */
export const KEY_LIFETIME_MS = 86_400_000;

/**
 * Whether an attempt at `atMs` surely does nothing twice, whatever became of those before it. `atMs` is
 * the latest that it may be then (docs/decisions/0048).
 */
export function isRepeatSafe(
  context: Pick<SyncOperationContext, 'firstAttemptAtMs' | 'acceptedAtMs'>,
  handler: HandlerFacts,
  atMs: number,
): boolean {
  const firstAttemptAtMs = context.firstAttemptAtMs ?? context.acceptedAtMs;
  const keyEndsAtMs = firstAttemptAtMs + (handler.keyLifetimeMs ?? KEY_LIFETIME_MS);
  return handler.honoursIdempotencyKey !== false && atMs < keyEndsAtMs;
}

/** The state that it goes back in. */
export const BROUGHT_BACK: SyncOperationState = 'replayed';

/** The dead letter as it goes back; `null` when the chart keeps it: its time is over, or it may have been applied. */
export function broughtBack(
  context: SyncOperationContext,
  facts: ReplayFacts,
): SyncOperationContext | null {
  // Its row was written when it was settling; where it stands says that it has arrived.
  const letter = syncOperationMachine.resolveState({ value: 'deadLettered', context });
  const [next] = transition(syncOperationMachine, letter, { type: 'replay.requested', ...facts });
  return innermost(next.value) === BROUGHT_BACK ? next.context : null;
}
