/**
 * What a crisis asks of its engine in each state of its delivery, and what it waits for there (CR-4). It
 * waits for no write but that of its ending; whatever else is known of it is written beside its delivery.
 *
 * @module
 */

import { transition } from 'xstate';
import { innermostStates } from '../vocabulary/innermost.ts';
import type { Demand } from '../vocabulary/standing.ts';
import type { CrisisEnding } from './crisisContext.ts';
import {
  type CrisisContext,
  type CrisisEvent,
  crisisAt,
  crisisMachine,
  crisisStatesOf,
} from './crisisMachine.ts';
import type { CrisisTag } from './crisisShape.ts';
import type { CrisisDeliveryState, CrisisStates } from './crisisState.ts';

/** Where a crisis is, for an engine: how far its delivery is, or that its ending is on disk. */
export type CrisisState = CrisisDeliveryState | 'closed';

const DEMANDS: Readonly<Record<CrisisTag, Demand>> = {
  place: { does: 'wait', write: 'order', isBarrier: false },
  delivery: { does: 'attempt', write: null, isBarrier: false },
  recall: { does: 'awaitHandler', write: 'order', isBarrier: false },
  stay: { does: 'restInHand', write: 'position', isBarrier: false },
  over: { does: 'tell', write: 'ending', isBarrier: true },
  leave: { does: 'report', write: null, isBarrier: false },
};
const ACCEPTED: Demand = { does: 'wait', write: 'acceptance', isBarrier: false };

const STATES = Object.fromEntries(
  Object.values(crisisMachine.states)
    .flatMap(innermostStates)
    .filter(({ tags }) => tags.length > 0)
    .map(({ key, tags }) => [key, DEMANDS[tags[0] as CrisisTag]]),
) as Readonly<Record<CrisisState, Demand>>;

export function crisisStateOf(states: CrisisStates): CrisisState {
  return states.record === 'closed' ? 'closed' : states.delivery;
}

/** What a crisis asks for that has just come to `state`. Its first write is that of its acceptance. */
export function crisisDemand(state: CrisisState, facts: { readonly revision: number }): Demand {
  return facts.revision === 0 ? ACCEPTED : STATES[state];
}

/**
 * Whether something is under way that a stop in good order waits for. While the store is not open that
 * is no ending, which may never be written.
 */
export function isCrisisBusy(state: CrisisState, isStoreOpen: boolean): boolean {
  if (isCrisisOver(state)) return isStoreOpen;
  return state === 'awaitingPlace' || state === 'attempting' || state === 'callingOff';
}

/** Whether its ending is being written. */
export function isCrisisOver(state: CrisisState): boolean {
  return STATES[state].write === 'ending';
}

/** Whether an attempt of it is under way: its handler has been called, and has not returned. */
export function isCrisisAttempted(state: CrisisDeliveryState): boolean {
  const { does } = STATES[state];
  return does === 'attempt' || does === 'awaitHandler';
}

/** Whether it is to go out now, and waits for a place. */
export function awaitsPlace(state: CrisisState): boolean {
  return state === 'awaitingPlace';
}

/** Whether the end of its process was just counted as a crash that it may have caused (RT-4). */
export function wasFoundInFlight(
  state: CrisisState,
  { history }: Pick<CrisisContext, 'history'>,
): boolean {
  return state === 'fastBackoff' && history.at(-1)?.what === 'crashed';
}

/** What it waits for with nothing in flight; `null` where it is to go out, is under way or over. */
export function crisisWaitsFor(state: CrisisState): 'handler' | 'backoff' | null {
  if (state === 'awaitingHandler') return 'handler';
  return crisisIsTimed(state) ? 'backoff' : null;
}

/** When it is tried again by itself, by the wall clock; `null` where time is not what it waits for. */
export function crisisDueAtMs(
  state: CrisisState,
  { wakeAtMs }: Pick<CrisisContext, 'wakeAtMs'>,
): number | null {
  return crisisIsTimed(state) ? wakeAtMs : null;
}

function crisisIsTimed(state: CrisisState): boolean {
  return state === 'fastBackoff' || state === 'pacing';
}

/** Whether this is how far the delivery of a crisis may be; `attempting` is on both charts of work. */
export function isCrisisState(state: string): state is CrisisDeliveryState {
  return Object.hasOwn(STATES, state);
}

/** How it ended; `null` where it goes on. */
export function crisisEndedAs(state: CrisisDeliveryState): CrisisEnding | null {
  if (state === 'delivered') return 'completed';
  return state === 'calledOff' ? 'cancelled' : null;
}

/** How far it is, in the words by which operations are counted. */
export function crisisStageOf(state: CrisisDeliveryState): 'ready' | 'handlerMissing' | 'ended' {
  if (crisisEndedAs(state) !== null) return 'ended';
  return state === 'awaitingHandler' ? 'handlerMissing' : 'ready';
}

/** Where a crisis is, and what is known of it. */
export interface KeptCrisis {
  readonly value: CrisisStates;
  readonly context: CrisisContext;
}

/** What a person says about a crisis. */
export type CrisisWord = Extract<
  CrisisEvent,
  {
    readonly type:
      | 'acknowledgement.given'
      | 'release.requested'
      | 'callOff.proposed'
      | 'callOff.requested'
      | 'safety.said';
  }
>;

/**
 * `null` where the word changes nothing. Called off, it is kept as it would be while it is sent: nobody knows
 * here how long its row is to be kept, so the next process ends it.
 */
export function decidedAtRest(
  { value, context }: KeptCrisis,
  event: CrisisWord,
): KeptCrisis | null {
  if (context.ending !== null || value.delivery === 'callingOff') return null;
  const isCallOff = event.type === 'callOff.requested';
  const at = isCallOff ? { ...value, delivery: 'attempting' as const } : value;
  const before = crisisAt(at, context);
  if (!before.can(event)) return null;
  const [after] = transition(crisisMachine, before, event);
  return { value: crisisStatesOf(after.value), context: after.context };
}
