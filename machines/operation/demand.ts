/**
 * What an operation asks of its engine in each state: what is to be written, whether that is waited
 * for, and what goes on meanwhile (PS-2). Read from the tags of the chart.
 *
 * @module
 */

import type { StateTag } from './stateTag.ts';
import {
  type Ending,
  type SyncOperationContext,
  type SyncOperationState,
  syncOperationMachine,
} from './syncOperationMachine.ts';

/** What the engine does for an operation that enters a state. It never changes, so it may be compared. */
export interface Demand {
  readonly does: /** Nothing but to wait for the write. */
    | 'wait'
    /** The attempt that was ordered runs; the chart invokes it. */
    | 'attempt'
    /** Its handler is waited for, which is told to stop. */
    | 'awaitHandler'
    /** It gives back what it holds, and may leave memory once the write is durable. */
    | 'rest'
    /** The same, but it stays in memory and goes on as soon as it is due, whatever the disk does (CR-4). */
    | 'restInHand'
    /** It waits in memory for its turn, apart from the others: it is suspect. */
    | 'standBy'
    /** There is no handler for it, and it does not know: `handler.missing` is to be sent. */
    | 'lackHandler'
    /** Whoever waits for its ending is told, though that is not durable yet (CR-4). */
    | 'tell'
    /** Its ending is durable: it leaves memory, and whoever waits for that is told. */
    | 'report'
    /** It was never accepted: it leaves memory, and nothing of it is kept. */
    | 'forget';
  /** What is to be written of it; `null` for nothing. */
  readonly write: 'acceptance' | 'order' | 'position' | 'ending' | null;
  /** Whether it waits until that is durable: then `journal.committed` is to be sent. */
  readonly isBarrier: boolean;
}

const DEMANDS: Readonly<Record<StateTag, Demand>> = {
  accept: { does: 'wait', write: 'acceptance', isBarrier: true },
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

/** A crisis waits for no write but that of its ending; what it orders is written beside it (CR-4). */
const CRISIS_DEMANDS: Readonly<Record<StateTag, Demand>> = {
  ...DEMANDS,
  attempt: { does: 'attempt', write: 'order', isBarrier: false },
  rest: { does: 'restInHand', write: 'position', isBarrier: false },
  settle: { does: 'tell', write: 'ending', isBarrier: true },
};
const FIRST_OF_CRISIS: Demand = { does: 'attempt', write: 'acceptance', isBarrier: false };
const LACKS_HANDLER: Demand = { does: 'lackHandler', write: null, isBarrier: false };

const inEachState = <T>(of: (tag: StateTag) => T): Readonly<Record<SyncOperationState, T>> =>
  Object.fromEntries(
    Object.values(syncOperationMachine.states).map(({ key, tags }) => [
      key,
      of(tags[0] as StateTag),
    ]),
  ) as Record<SyncOperationState, T>;

const ORDINARY = inEachState((tag) => DEMANDS[tag]);
const OF_CRISIS = inEachState((tag) => CRISIS_DEMANDS[tag]);

/** What an engine knows of an operation beside its chart. */
export interface DemandFacts {
  /** Of the last write ordered; 0 before the first. */
  readonly revision: number;
  /** `null` where none of its type is registered. */
  readonly handler: object | null;
}

/** What an operation asks for that has just entered `state`. */
export function demandOf(
  state: SyncOperationState,
  { priority }: Pick<SyncOperationContext, 'priority'>,
  { revision, handler }: DemandFacts,
): Demand {
  // It was sent on before there is a handler: no queue would look for it.
  if (state === 'waiting' && handler === null) return LACKS_HANDLER;
  if (priority !== 'crisis') return ORDINARY[state];
  const demand = OF_CRISIS[state];
  return demand.does === 'attempt' && revision === 0 ? FIRST_OF_CRISIS : demand;
}

/**
 * Whether something is under way that a stop in good order waits for. While the store is not open that
 * is no ending, which may never be written.
 */
export function isBusy(state: SyncOperationState, isStoreOpen: boolean): boolean {
  const { does, write, isBarrier } = ORDINARY[state];
  const isAtWork = isBarrier || does === 'attempt' || does === 'awaitHandler';
  return isAtWork && (isStoreOpen || write !== 'ending');
}

/** Whether its ending is being written. */
export function isEnding(state: SyncOperationState): boolean {
  return ORDINARY[state].write === 'ending';
}

/** Whether it waits for nothing but its turn at the upstream. */
export function isReady(state: SyncOperationState): boolean {
  return state === 'waiting';
}

/** Whether it waits for its turn apart from the others, because it may be what killed the process. */
export function isSuspect(state: SyncOperationState): boolean {
  return ORDINARY[state].does === 'standBy';
}

/** Whether it has ended, and that is on disk. */
export function hasEnded(state: SyncOperationState): state is Ending {
  return ORDINARY[state].does === 'report';
}
