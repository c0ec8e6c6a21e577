/**
 * The charts that work is on: that of operations, and that of crises. One engine runs both; what it has to
 * know of a chart is here, and which of the two it is decides nothing else.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import {
  awaitsPlace,
  type CrisisState,
  crisisDemand,
  crisisDueAtMs,
  crisisStateOf,
  crisisWaitsFor,
  isCrisisBusy,
  isCrisisOver,
  wasFoundInFlight,
} from '../../machines/crisis/crisisDemand.ts';
import {
  type CrisisEvent,
  type CrisisSnapshot,
  crisisMachine,
  crisisStatesOf,
} from '../../machines/crisis/crisisMachine.ts';
import { demandOf, isBusy, isEnding, isReady, isSuspect } from '../../machines/operation/demand.ts';
import { retryAtMs, watchedAtMs } from '../../machines/operation/due.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import {
  acceptedStanding,
  inHandPosition,
  type RowPosition,
  restingPosition,
} from '../../machines/operation/position.ts';
import {
  type SyncOperationContext,
  type SyncOperationEvent,
  type SyncOperationSnapshot,
  type SyncOperationState,
  syncOperationMachine,
  type Turn,
} from '../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../machines/operation/syncOperationState.ts';
import { type WaitReason, waitReasonOf } from '../../machines/operation/waitReason.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermost } from '../../machines/vocabulary/innermost.ts';
import type { Demand, DemandFacts, Standing } from '../../machines/vocabulary/standing.ts';
import type { LeanActor } from './leanActor.ts';

/** Where work is on its chart. */
export type WorkState = SyncOperationState | CrisisState;
/** What the engine reads of work; of a crisis, what an operation keeps of a bad day is never there. */
export type WorkContext = SyncOperationContext;
/** What the charts are told; one takes no notice of what is meant for the other. */
export type WorkEvent = SyncOperationEvent | CrisisEvent;

export interface WorkSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** The value as XState writes it, with the parents of its states. */
  readonly value: SyncOperationSnapshot['value'] | CrisisSnapshot['value'];
  readonly context: WorkContext;
}

/** Actor of an operation or a crisis: as much of a lean actor as the engine calls. */
export type WorkActor = Pick<
  LeanActor<WorkSnapshot & { can(event: WorkEvent): boolean }, WorkEvent>,
  'id' | 'sessionId' | 'tell' | 'start' | 'send' | 'getSnapshot' | 'subscribe'
>;

/** Meaning of a state to the engine, whatever else is known of the work. */
export interface StateRow {
  readonly state: WorkState;
  /** Demand of the state; `null` where that hangs on more than the state: see {@link ChartOfWork.demandOf}. */
  readonly demand: Demand | null;
  /** Reason of its wait with nothing in flight; `null` where it does not wait. */
  readonly waitsFor: WaitReason | null;
  /** Whether something is under way that an orderly stop waits for: while the store is open, and while it is not. */
  readonly isBusy: boolean;
  readonly isBusyUnopened: boolean;
  /** Whether what is in it may just have been found in flight at a crash: see {@link ChartOfWork.isSuspected}. */
  readonly maySuspect: boolean;
}

/** What the engine has to know of a chart. The states it is asked about are the chart's own. */
export interface ChartOfWork {
  /** Machine as it is drawn. */
  readonly machine: AnyStateMachine;
  /** What it is told when its caller takes it back. */
  readonly takingBack: 'cancel.requested' | 'callOff.requested';
  /** Where work is that has this value. */
  stateOf(value: WorkSnapshot['value']): WorkState;
  /** Row of the present state, looked up once for each transition. */
  rowOf(value: WorkSnapshot['value']): StateRow;
  demandOf(state: WorkState, facts: DemandFacts): Demand;
  /** Reason of its wait with nothing in flight; `null` where it does not wait. */
  waitReasonOf(state: WorkState): WaitReason | null;
  /** Whether it waits for its turn in another way than by resting. */
  isInLine(state: WorkState): boolean;
  /** When it is tried again, by the wall clock; `null` where time is not what it waits for. */
  retryAtMs(state: WorkState, context: WorkContext): number | null;
  /** By which instant of the wall clock its row is found while it waits; `null` for none. */
  watchedAtMs(state: WorkState | null, context: WorkContext): number | null;
  /** Whether something is under way that an orderly stop waits for. */
  isBusy(state: WorkState, isStoreOpen: boolean): boolean;
  /** Whether its ending is being written. */
  isEnding(state: WorkState): boolean;
  /** Whether it has just been found in flight at a crash (RT-4). */
  isSuspected(state: WorkState, context: WorkContext): boolean;
  /** Where its row stands when it is accepted, unless its lane is busy. */
  acceptedStanding(turn: Turn): Standing;
  /** Where its row stands while it rests. */
  restingPosition(
    state: WorkState,
    context: WorkContext,
    route: string,
    nowMs: number,
  ): RowPosition;
  /** Lane of the work on disk; `null` for none. */
  laneOf(context: WorkContext): string | null;
}

/** With a handler, as all have that are sent. */
const HANDLED = { handler: {}, revision: 1 };

const OPERATION_ROWS = new Map<unknown, StateRow>(
  OPERATION_STATES.map((state) => [
    state,
    {
      state,
      demand: isReady(state) ? null : demandOf(state, HANDLED),
      waitsFor: waitReasonOf(state),
      isBusy: isBusy(state, true),
      isBusyUnopened: isBusy(state, false),
      maySuspect: isSuspect(state),
    },
  ]),
);
/** By values with parents, as they stand in the snapshots of the chart's logic: one for each state. */
const OPERATION_VALUES = new WeakMap<object, StateRow>();

function operationRow(value: WorkSnapshot['value']): StateRow {
  const known = typeof value === 'string' ? OPERATION_ROWS.get(value) : OPERATION_VALUES.get(value);
  if (known !== undefined) return known;
  const row = OPERATION_ROWS.get(innermost(value as SyncOperationSnapshot['value']));
  if (row === undefined || typeof value === 'string')
    throw new HoldfastError('HF_INTERNAL', 'There is no such state of an operation.');
  OPERATION_VALUES.set(value, row);
  return row;
}

const CRISIS_ROWS = new WeakMap<object, StateRow>();

function crisisRow(value: WorkSnapshot['value']): StateRow {
  const regions = value as CrisisSnapshot['value'];
  const known = CRISIS_ROWS.get(regions);
  if (known !== undefined) return known;
  const state = crisisStateOf(crisisStatesOf(regions));
  const row: StateRow = {
    state,
    // Its first write is that of its acceptance, wherever it is.
    demand: null,
    waitsFor: crisisWaitsFor(state),
    isBusy: isCrisisBusy(state, true),
    isBusyUnopened: isCrisisBusy(state, false),
    maySuspect: true,
  };
  CRISIS_ROWS.set(regions, row);
  return row;
}

/** The chart of all work but crises. */
export const operationChart: ChartOfWork = {
  machine: syncOperationMachine,
  takingBack: 'cancel.requested',
  stateOf: (value) => operationRow(value).state,
  rowOf: operationRow,
  demandOf,
  waitReasonOf,
  isInLine: isSuspect,
  retryAtMs,
  watchedAtMs,
  isBusy,
  isEnding,
  isSuspected: isSuspect,
  acceptedStanding,
  restingPosition,
  laneOf: ({ entity }) => entityKey(entity),
};

/** The chart of crises. They stay in hand, and keep the order of an entity in memory. */
export const crisisChart: ChartOfWork = {
  machine: crisisMachine,
  takingBack: 'callOff.requested',
  stateOf: (value) => crisisRow(value).state,
  rowOf: crisisRow,
  demandOf: crisisDemand,
  waitReasonOf: crisisWaitsFor,
  isInLine: awaitsPlace,
  retryAtMs: crisisDueAtMs,
  watchedAtMs: () => null,
  isBusy: isCrisisBusy,
  isEnding: isCrisisOver,
  isSuspected: (state, context) => wasFoundInFlight(state as CrisisState, context),
  acceptedStanding: () => 'inHand',
  restingPosition: (state, _, route) => ({
    ...inHandPosition(route),
    waitsFor: crisisWaitsFor(state as CrisisState) === 'handler' ? 'handler' : 'turn',
  }),
  laneOf: () => null,
};
