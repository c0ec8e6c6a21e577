/**
 * What an operation asks of its engine in each state: what is to be written, whether that is waited
 * for, and what goes on meanwhile (PS-2). Read from the tags of the chart.
 *
 * @module
 */

import { innermostStates } from '../vocabulary/innermost.ts';
import type { Demand, DemandFacts } from '../vocabulary/standing.ts';
import type { StateTag } from './stateTag.ts';
import {
  type Ending,
  type SyncOperationState,
  syncOperationMachine,
} from './syncOperationMachine.ts';

const DEMANDS: Readonly<Record<StateTag, Demand>> = {
  accept: { does: 'wait', write: 'acceptance', isBarrier: true },
  compare: { does: 'compare', write: null, isBarrier: false },
  order: { does: 'wait', write: 'order', isBarrier: true },
  attempt: { does: 'attempt', write: null, isBarrier: false },
  overhang: { does: 'awaitHandler', write: null, isBarrier: false },
  cancel: { does: 'awaitHandler', write: 'order', isBarrier: false },
  rest: { does: 'rest', write: 'position', isBarrier: false },
  standBy: { does: 'standBy', write: null, isBarrier: false },
  settle: { does: 'wait', write: 'ending', isBarrier: true },
  report: { does: 'report', write: null, isBarrier: false },
  forget: { does: 'forget', write: null, isBarrier: false },
};

const LACKS_HANDLER: Demand = { does: 'lackHandler', write: null, isBarrier: false };

const OF_STATE = Object.fromEntries(
  innermostStates(syncOperationMachine.root).map(({ key, tags }) => [
    key,
    DEMANDS[tags[0] as StateTag],
  ]),
) as Readonly<Record<SyncOperationState, Demand>>;

/** What an operation asks for that has just entered `state`. */
export function demandOf(
  state: SyncOperationState,
  { handler }: Pick<DemandFacts, 'handler'>,
): Demand {
  // It was sent on before there is a handler: no queue would look for it.
  return state === 'waiting' && handler === null ? LACKS_HANDLER : OF_STATE[state];
}

/**
 * Whether something is under way that a stop in good order waits for. While the store is not open that
 * is no ending, which may never be written, and nothing that is compared.
 */
export function isBusy(state: SyncOperationState, isStoreOpen: boolean): boolean {
  const { does, write, isBarrier } = OF_STATE[state];
  // It reads what is kept of its record.
  if (does === 'compare') return isStoreOpen;
  const isAtWork = isBarrier || does === 'attempt' || does === 'awaitHandler';
  return isAtWork && (isStoreOpen || write !== 'ending');
}

/** Whether its ending is being written. */
export function isEnding(state: SyncOperationState): boolean {
  return OF_STATE[state].write === 'ending';
}

/** Whether it waits for nothing but its turn at the upstream. */
export function isReady(state: string | null): boolean {
  return state === 'waiting';
}

/** Whether it waits for its turn apart from the others, because it may be what killed the process. */
export function isSuspect(state: SyncOperationState): boolean {
  return OF_STATE[state].does === 'standBy';
}

/** Whether an attempt of it is under way: its handler has been called, and has not returned. */
export function isAttempted(state: SyncOperationState): boolean {
  const { does } = OF_STATE[state];
  return does === 'attempt' || does === 'awaitHandler';
}

/** Whether it was taken back, and its handler has not returned yet. */
export function isTakenBack(state: SyncOperationState): boolean {
  return state === 'cancelling';
}

/** Whether it was given up and waits for a person. */
export function isGivenUp(state: SyncOperationState): boolean {
  return state === 'deadLettered';
}

/** Whether it has ended, and that is on disk. */
export function hasEnded(state: SyncOperationState): state is Ending {
  return OF_STATE[state].does === 'report';
}
