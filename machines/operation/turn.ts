/**
 * What it means that an operation has its turn: at its acceptance, and later at its upstream.
 *
 * @module
 */

import { CRASHES_IN_A_ROW_MAX } from '../policy/retry/crashPolicy.ts';
import { type ExcuseFacts, isExcused, isExhausted } from '../policy/retry/failureRuns.ts';
import { isGivenUp, type UpTime } from '../policy/retry/retryPolicy.ts';
import { type HandlerFacts, isRepeatSafe } from './repeatSafety.ts';
import type { SyncOperationContext, Turn } from './syncOperationMachine.ts';

/** How a newly accepted operation goes on, which is told with `journal.committed`. */
export function turnAtAcceptance(
  isLaneBusy: boolean,
  isGranted: boolean,
  { startAtMs }: Pick<SyncOperationContext, 'startAtMs'>,
): Turn {
  if (isLaneBusy) return 'awaitsLane';
  if (startAtMs !== undefined) return 'awaitsStart';
  return isGranted ? 'granted' : 'awaitsUpstream';
}

/**
 * What becomes of an operation whose upstream has a slot for it: the event to be sent, or `alone` where
 * nothing else may be in flight beside it (RT-4). Only with `turn.granted` does it take the slot.
 */
export type TurnVerdict =
  | 'turn.granted'
  | 'alone'
  | 'expiry.due'
  | 'repeat.unsafe'
  | 'handler.missing';

/** What is known of the upstream of an operation that has its turn. */
export interface TurnFacts extends ExcuseFacts {
  readonly up: UpTime;
  /** The span of the operation's class; `null` for never. */
  readonly giveUpAfterMs: number | null;
}

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

/** Whether an operation has failed since its last turn: only then is it judged at this one. */
export function isToBeJudged({ failedAtMs, upMark }: SyncOperationContext): boolean {
  return failedAtMs !== undefined || upMark !== undefined;
}

/** What comes of that: an event that ends it, or whether its last failure is excused. */
export interface Judgement {
  readonly ends: 'giveup.due' | 'attempts.exhausted' | null;
  readonly wasOutage: boolean;
}

/** The judgement on an operation that has not failed. */
export const NOTHING_TO_JUDGE: Judgement = Object.freeze({ ends: null, wasOutage: false });

/**
 * Judges what failed it last, at its turn (RT-1, OP-5): the event that ends it, or whether that failure is
 * excused, which `turn.granted` tells.
 */
export function judge(context: SyncOperationContext, facts: TurnFacts): Judgement {
  const wasOutage = isExcused(context, facts);
  if (isGivenUp(context.upMark, facts.up, facts.giveUpAfterMs)) {
    return { ends: 'giveup.due', wasOutage };
  }
  return { ends: isExhausted(context, wasOutage) ? 'attempts.exhausted' : null, wasOutage };
}
