import { expect, test } from 'vitest';
import {
  demandOf,
  hasEnded,
  isBusy,
  isEnding,
  isReady,
  isSuspect,
} from '../../../machines/operation/demand.ts';
import {
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import { innermostStates } from '../../../machines/vocabulary/innermost.ts';
import { innermostIn } from '../../support/charts/ignoredPairs.ts';

const STATES = OPERATION_STATES;
const CHART = innermostIn(syncOperationMachine.root);
const HANDLED = { handler: {} };

/** `does`, with what is written, and `!` where that is waited for. */
function inWords(state: SyncOperationState) {
  const { does, write, isBarrier } = demandOf(state, HANDLED);
  return `${does} ${write ?? '-'}${isBarrier ? '!' : ''}`;
}

test('PS-2 every state has one tag, which says what it asks for', () => {
  const states = innermostStates(syncOperationMachine.root);
  expect(states.map(({ key }) => key).toSorted()).toEqual(STATES.toSorted());
  for (const { key, tags } of states) expect([key, tags.length]).toEqual([key, 1]);
});

test('PS-2 OP-1 what each state asks for', () => {
  expect(Object.fromEntries(STATES.map((state) => [state, inWords(state)]))).toEqual({
    accepting: 'wait acceptance!',
    inLane: 'rest position',
    waiting: 'rest position',
    handlerMissing: 'rest position',
    suspect: 'standBy -',
    comparing: 'compare -',
    ordering: 'wait order!',
    attempting: 'attempt -',
    overhanging: 'awaitHandler -',
    cancelling: 'awaitHandler order',
    backingOff: 'rest position',
    rateLimited: 'rest position',
    scheduled: 'rest position',
    conflicted: 'rest position',
    inReview: 'rest position',
    settling: 'wait ending!',
    completed: 'report -',
    deadLettered: 'report -',
    replayed: 'rest position',
    cancelled: 'report -',
    expired: 'report -',
    rejected: 'forget -',
    duplicate: 'forget -',
  });
});

test('PS-2 a state waits for its write exactly where the chart takes journal.committed', () => {
  for (const state of STATES) {
    const takes = CHART.states[state]?.ownEvents.includes('journal.committed');
    expect([state, demandOf(state, HANDLED).isBarrier]).toEqual([state, takes]);
  }
});

test('OP-7 what is sent on before there is a handler asks for one', () => {
  const without = { handler: null };
  expect(demandOf('waiting', without)).toMatchObject({ does: 'lackHandler', write: null });
  expect(demandOf('inLane', without).write).toBe('position');
});

test('a demand is made once, not for each operation', () => {
  for (const state of STATES) {
    expect(demandOf(state, HANDLED)).toBe(demandOf(state, { handler: {} }));
  }
});

test('SV-4 a stop waits for what is written or attempted, and for an ending once the store is open', () => {
  expect(STATES.filter((state) => isBusy(state, true))).toEqual([
    'accepting',
    'comparing',
    'ordering',
    'attempting',
    'overhanging',
    'cancelling',
    'settling',
  ]);
  expect(STATES.filter((state) => isBusy(state, false))).toEqual([
    'accepting',
    'ordering',
    'attempting',
    'overhanging',
    'cancelling',
  ]);
});

test('OP-1 named states: ready, suspect, ending, ended', () => {
  expect(STATES.filter(isEnding)).toEqual(['settling']);
  expect(STATES.filter(isReady)).toEqual(['waiting']);
  expect(STATES.filter(isSuspect)).toEqual(['suspect']);
  expect(STATES.filter(hasEnded)).toEqual(['completed', 'deadLettered', 'cancelled', 'expired']);
});
