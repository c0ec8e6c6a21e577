import { describe, expect, test } from 'vitest';
import { createActor, not, setup } from 'xstate';
import { allTransitions, guardLabel } from '../../../inspector/charts/transitions.ts';
import { coverTransitions, transitionsTaken } from '../../support/charts/transitionCoverage.ts';

const doorMachine = setup({
  guards: { isLocked: () => false },
}).createMachine({
  id: 'sampleDoor',
  initial: 'closed',
  on: { 'door.removed': '.gone' },
  states: {
    closed: {
      on: {
        'push.felt': [
          { guard: 'isLocked' },
          { guard: not('isLocked'), target: 'opening' },
          { target: 'gone' },
        ],
      },
    },
    opening: { always: 'open' },
    open: {},
    gone: { type: 'final' },
  },
});

describe('OB-3 the transitions of a chart', () => {
  test('OB-3 every arrow has a label: of the root, guarded, composed and eventless', () => {
    expect(allTransitions(doorMachine).map((transition) => transition.label)).toEqual([
      'sampleDoor --door.removed--> sampleDoor.gone',
      'sampleDoor.closed --push.felt[isLocked]--> (stays)',
      'sampleDoor.closed --push.felt[not(isLocked)]--> sampleDoor.opening',
      'sampleDoor.closed --push.felt--> sampleDoor.gone',
      'sampleDoor.opening --always--> sampleDoor.open',
    ]);
  });

  test('OB-3 a guard without a name says so', () => {
    expect(guardLabel(() => true)).toBe('unnamed');
  });

  test('OB-3 coverage names exactly what was taken, also under provided guards', () => {
    const observe = coverTransitions(doorMachine);
    const provided = doorMachine.provide({ guards: { isLocked: () => false } });
    const actor = createActor(provided, { inspect: observe }).start();
    actor.send({ type: 'push.felt' });
    actor.send({ type: 'nothing.known' });
    expect(transitionsTaken(doorMachine)).toEqual({
      seen: [
        'sampleDoor.closed --push.felt[not(isLocked)]--> sampleDoor.opening',
        'sampleDoor.opening --always--> sampleDoor.open',
      ],
      missing: [
        'sampleDoor --door.removed--> sampleDoor.gone',
        'sampleDoor.closed --push.felt[isLocked]--> (stays)',
        'sampleDoor.closed --push.felt--> sampleDoor.gone',
      ],
    });
  });

  test('OB-3 an observer that meets something unreadable breaks no actor', () => {
    const observe = coverTransitions(doorMachine);
    const event = { type: '@xstate.microstep', _transitions: [null] };
    expect(() => observe(event as unknown as Parameters<typeof observe>[0])).not.toThrow();
  });
});
