import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import { actionName } from '../../../inspector/charts/chartData.ts';
import { allStates, allTransitions } from '../../../inspector/charts/transitions.ts';
import { chartDefinition, stateValueOf } from '../../../inspector/projection/chartDefinition.ts';
import { machines } from '../../../machines/index.ts';

/** As the inspector's page does it. */
function rebuilt(machine: AnyStateMachine): AnyStateMachine {
  return createMachine(JSON.parse(chartDefinition(machine)) as object);
}

describe('OB-2 a chart as the Stately inspector draws it', () => {
  test.each(machines.map((machine) => [machine.id, machine] as const))(
    'OB-2: %s has its states and transitions there',
    (_, machine) => {
      const other = rebuilt(machine);
      const statesOf = (one: AnyStateMachine): readonly string[] =>
        allStates(one).map(({ path, type }) => `${path.join('.')} ${type}`);
      expect(statesOf(other)).toEqual(statesOf(machine));
      const transitionsOf = (one: AnyStateMachine): readonly object[] =>
        allTransitions(one).map(({ label, definition: { actions, reenter } }) => ({
          ...{ label, reenter, actions: actions.map(actionName) },
        }));
      expect(transitionsOf(other)).toEqual(transitionsOf(machine));
      const initialOf = (one: AnyStateMachine): readonly string[] =>
        allStates(one).map((node) =>
          node.type === 'compound' ? (node.initial.target[0]?.id ?? '') : '',
        );
      expect(initialOf(other)).toEqual(initialOf(machine));
    },
  );

  test.each(machines.map((machine) => [machine.id, machine] as const))(
    'OB-2: %s can be shown in each of its states',
    (_, machine) => {
      const other = rebuilt(machine);
      for (const node of allStates(other)) {
        const isLeaf = node.type === 'atomic' || node.type === 'final';
        const isAlone = node.parent === other.root && other.root.type !== 'parallel';
        if (!isLeaf || !isAlone) continue;
        const value = stateValueOf([node.path.join('.')]);
        expect(other.resolveState({ value, context: {} }).matches(node.key)).toBe(true);
      }
    },
  );

  test('OB-2 AC-2: it holds names, and nothing else that a machine has', () => {
    const machine = createMachine({
      id: 'planted',
      context: { secret: 'canary-context' },
      description: 'canary-description',
      meta: { note: 'canary-meta' },
      output: 'canary-output' as never,
      initial: 'one',
      states: {
        one: {
          description: 'canary-state',
          tags: ['canary-tag'],
          entry: { type: 'enter', params: { is: 'canary-params' } },
          invoke: { src: 'fetch', id: 'fetching', input: { is: 'canary-input' } },
          on: {
            again: { target: 'one', reenter: true },
            go: {
              target: 'two',
              guard: { type: 'mayGo', params: { is: 'canary-guard' } },
              actions: { type: 'note', params: { is: 'canary-action' } },
              description: 'canary-transition',
              meta: { is: 'canary-transition-meta' },
            },
          },
        },
        two: { type: 'final', output: 'canary-final' },
      },
    });
    const text = chartDefinition(machine);
    expect(text).not.toContain('canary');
    expect(JSON.parse(text)).toEqual({
      id: 'planted',
      initial: 'one',
      states: {
        one: {
          invoke: [{ src: 'fetch' }],
          on: {
            again: [{ target: ['#planted.one'], reenter: true }],
            go: [{ target: ['#planted.two'], guard: 'mayGo', actions: ['note'] }],
          },
        },
        two: { type: 'final' },
      },
    });
  });

  test('OB-2: it is made once for each chart', () => {
    const [machine] = machines;
    if (machine === undefined) throw new Error('no chart');
    expect(chartDefinition(machine)).toBe(chartDefinition(machine));
  });
});

describe('OB-2 where an actor stands, as XState writes it', () => {
  test.each([
    [['waiting'], 'waiting'],
    [['running.draining'], { running: 'draining' }],
    [['delivery.waiting', 'record.kept'], { delivery: 'waiting', record: 'kept' }],
    [['a.b.c', 'a.d.e', 'f'], { a: { b: 'c', d: 'e' }, f: {} }],
    [[], {}],
  ])('OB-2: %j is %j', (paths, value) => {
    expect(stateValueOf(paths)).toEqual(value);
  });
});
