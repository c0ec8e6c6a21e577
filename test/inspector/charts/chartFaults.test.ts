import { expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { chartFaults, deadEnds, reachableStates } from '../../../inspector/charts/chartFaults.ts';

test('OB-3 a chart that tells everything has no fault', () => {
  const machine = createMachine({
    id: 'sampleWhole',
    description: 'Whole.',
    initial: 'on',
    states: {
      on: { description: 'On.', always: { guard: 'isLate', target: 'off' } },
      off: { description: 'Off.', type: 'final' },
    },
  });
  expect(chartFaults(machine)).toEqual([]);
});

test('OB-3 a step of the usual path that no transition takes is found', () => {
  const path = (usualPath: readonly string[]) =>
    createMachine({
      id: 'sampleUsual',
      description: 'Usual.',
      meta: { usualPath },
      initial: 'on',
      states: {
        on: {
          description: 'On.',
          initial: 'low',
          on: { 'key.turned': { target: 'off' } },
          states: { low: { description: 'Low.' } },
        },
        off: { description: 'Off.', type: 'final' },
      },
    });
  expect(chartFaults(path(['low', 'key.turned', 'off']))).toEqual([]);
  expect(chartFaults(path(['low', 'key.lost', 'off']))).toEqual([
    'no transition leads along the usual path: sampleUsual: low --key.lost--> off',
  ]);
});

test('OB-3 a state without description, an unreachable state and a dead arrow are each found', () => {
  const machine = createMachine({
    id: 'sampleFaulty',
    description: 'Faulty.',
    initial: 'on',
    states: {
      on: {
        description: ' ',
        on: { 'key.turned': [{ target: 'off' }, { guard: 'isLate', target: 'on' }] },
      },
      off: {
        description: 'Off.',
        on: { 'key.turned': [{ guard: 'isLate' }, { guard: 'isLate' }] },
      },
      island: { description: 'Nobody comes here.' },
    },
  });
  expect(chartFaults(machine)).toEqual([
    'state sampleFaulty.on has no description',
    "state sampleFaulty.island can't be reached",
    "state sampleFaulty.off can't be left; give it a way out, or make it an ending",
    "state sampleFaulty.island can't be left; give it a way out, or make it an ending",
    "two transitions can't be told apart: sampleFaulty.off --key.turned[isLate]--> (stays)",
    'an unguarded transition before it takes every event: sampleFaulty.on --key.turned[isLate]--> sampleFaulty.on',
  ]);
});

test('OB-3 regions, their completion, history and eventless arrows count as ways in', () => {
  const machine = createMachine({
    id: 'sampleWays',
    initial: 'both',
    states: {
      both: {
        type: 'parallel',
        states: { left: { initial: 'a', states: { a: {} } }, right: {} },
        onDone: 'done',
      },
      done: { always: 'back' },
      back: { on: { again: 'box.past' } },
      box: {
        initial: 'first',
        states: { first: { on: { go: 'second' } }, second: {}, past: { type: 'history' } },
      },
    },
  });
  expect([...reachableStates(machine)].map((node) => node.id).toSorted()).toEqual([
    'sampleWays',
    'sampleWays.back',
    'sampleWays.both',
    'sampleWays.both.left',
    'sampleWays.both.left.a',
    'sampleWays.both.right',
    'sampleWays.box',
    'sampleWays.box.first',
    'sampleWays.box.past',
    'sampleWays.box.second',
    'sampleWays.done',
  ]);
});

test('OB-3 a way out of what holds a state, and an ending, are no dead ends; coming back to itself is one', () => {
  const machine = createMachine({
    id: 'sampleLeft',
    initial: 'box',
    states: {
      box: {
        initial: 'in',
        on: { 'box.shaken': 'over' },
        states: { in: {}, out: { on: { 'box.turned': 'out' } } },
      },
      over: { type: 'final' },
      loop: { on: { again: { target: 'loop', reenter: true } } },
    },
  });
  expect(deadEnds(machine).map(({ id }) => id)).toEqual(['sampleLeft.loop']);
});
