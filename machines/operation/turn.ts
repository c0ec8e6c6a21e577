/**
 * What it means that an operation has its turn: at its acceptance, and later at its upstream.
 *
 * @module
 */

import { CRASHES_IN_A_ROW_MAX } from '../policy/retry/crashPolicy.ts';
import { type HandlerFacts, isRepeatSafe } from './repeatSafety.ts';
import type { SyncOperationContext, Turn } from './syncOperationMachine.ts';

/** How a newly accepted operation goes on, which is told with `journal.committed`. */
export function turnAtAcceptance(isLaneBusy: boolean, isGranted: boolean): Turn {
  if (isLaneBusy) return 'awaitsLane';
  return isGranted ? 'granted' : 'awaitsUpstream';
}

/**
 * What becomes of an operation whose upstream has a place for it: the event to be sent, or `alone` where
 * nothing else may be in flight beside it (RT-4). Only with `turn.granted` does it take the place.
 */
export type TurnVerdict =
  | 'turn.granted'
  | 'alone'
  | 'expiry.due'
  | 'repeat.unsafe'
  | 'handler.missing';

/**
 * Decides on a turn at `atMs`, by the wall clock. `latestMs` is the latest that it may be, for how long
 * its upstream knows a key (docs/decisions/0048); `handler` is `null` where none is registered.
 */
export function turnVerdict(
  context: SyncOperationContext,
  handler: HandlerFacts | null,
  atMs: number,
  latestMs: number,
): TurnVerdict {
  if (context.expiresAtMs !== null && context.expiresAtMs <= atMs) return 'expiry.due';
  if (handler === null) return 'handler.missing';
  if (context.isOutcomeUnknown && !isRepeatSafe(context, handler, latestMs)) return 'repeat.unsafe';
  return context.crashes >= CRASHES_IN_A_ROW_MAX ? 'alone' : 'turn.granted';
}
