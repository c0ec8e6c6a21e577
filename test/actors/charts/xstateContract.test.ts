/**
 * What the engine relies on in XState. Not ours to fix, ours to notice when a new version of it
 * differs.
 */

import { describe, expect, test, vi } from 'vitest';
import { assign, createActor, fromCallback, type SnapshotFrom, setup } from 'xstate';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { degradationMachine } from '../../../machines/degradation/degradationMachine.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { innermostStates } from '../../../machines/vocabulary/innermost.ts';

const log: string[] = [];

const machine = setup({
  types: {
    context: {} as { readonly entries: number },
    events: {} as { readonly type: 'go' } | { readonly type: 'back' },
  },
  actors: {
    child: fromCallback(() => {
      log.push('child started');
      return () => {
        log.push('child stopped');
      };
    }),
  },
  actions: {
    logEntry: () => {
      log.push('entered');
    },
  },
}).createMachine({
  id: 'contract',
  context: { entries: 0 },
  initial: 'barrier',
  states: {
    barrier: {
      entry: ['logEntry', assign({ entries: ({ context }) => context.entries + 1 })],
      on: { go: { target: 'running' } },
    },
    running: {
      invoke: { src: 'child' },
      on: { back: { target: 'barrier' } },
    },
  },
});

function restored(value: SnapshotFrom<typeof machine>['value']) {
  log.length = 0;
  return createActor(machine, {
    snapshot: machine.resolveState({ value, context: { entries: 7 } }),
  }).start();
}

describe('PS-2 PS-3 an actor that is restored', () => {
  test('PS-3 runs no entry action again', () => {
    const actor = restored('barrier');
    expect(log).toEqual([]);
    expect(actor.getSnapshot().context.entries).toBe(7);
  });

  test('PS-2 in a barrier state, starts no invoke', () => {
    const actor = restored('barrier');
    expect(actor.getSnapshot().children).toEqual({});
    expect(log).toEqual([]);
  });

  test('PS-2 in a state that invokes, from a snapshot without children, starts none either', () => {
    // Why a running attempt is kept as ordered: restored as it was it would hang.
    const actor = restored('running');
    expect(actor.getSnapshot().value).toBe('running');
    expect(log).toEqual([]);
  });

  test('PS-3 tells its subscribers nothing until something happens', () => {
    const told: unknown[] = [];
    const actor = createActor(machine, {
      snapshot: machine.resolveState({ value: 'barrier', context: { entries: 7 } }),
    });
    actor.subscribe((snapshot) => told.push(snapshot.value));
    actor.start();
    const toldAtStart = told.length;
    actor.send({ type: 'go' });
    expect(told.slice(toldAtStart)).toEqual(['running']);
  });
});

describe('PS-2 the order within one transition', () => {
  test('PS-2 a child starts before subscribers are told, and stops before they are told of the next', () => {
    const actor = restored('barrier');
    actor.subscribe(({ value }) => {
      log.push(`told ${value}`);
    });
    actor.send({ type: 'go' });
    expect(log).toEqual(['child started', 'told running']);
    actor.send({ type: 'back' });
    expect(log.slice(2)).toEqual(['entered', 'child stopped', 'told barrier']);
  });

  test('CB-5 getSnapshot inside a subscriber is the new snapshot', () => {
    const actor = restored('barrier');
    const same: boolean[] = [];
    actor.subscribe((snapshot) => same.push(actor.getSnapshot() === snapshot));
    actor.send({ type: 'go' });
    actor.send({ type: 'back' });
    expect(same).toEqual([true, true]);
  });

  test('PS-2 an event sent inside a subscriber is handled after it, before send returns', () => {
    const actor = restored('barrier');
    actor.subscribe(({ value }) => {
      log.push(`told ${value}`);
      if (value === 'running') actor.send({ type: 'back' });
      log.push(`done ${value}`);
    });
    actor.send({ type: 'go' });
    expect(log.filter((entry) => /told|done/.test(entry))).toEqual([
      'told running',
      'done running',
      'told barrier',
      'done barrier',
    ]);
  });

  test('PS-3 the value of a flat chart is a string', () => {
    expect(restored('barrier').getSnapshot().value).toBe('barrier');
  });

  test('PS-3 every chart that is kept is flat', () => {
    for (const { root } of [syncOperationMachine, circuitBreakerMachine, degradationMachine]) {
      const types = innermostStates(root).map(({ type }) => type);
      expect(types.filter((type) => type !== 'atomic' && type !== 'final')).toEqual([]);
    }
  });

  test('CB-5 an event that no transition takes leaves the state as it is, and so the context', () => {
    const actor = restored('barrier');
    const before = actor.getSnapshot();
    actor.send({ type: 'back' });
    expect(actor.getSnapshot().value).toBe(before.value);
    expect(actor.getSnapshot().context).toBe(before.context);
  });
});

test('SV-4 a stopped actor ignores events, and its child is stopped with it', ({
  onTestFinished,
}) => {
  // XState warns of the event in development.
  const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
  onTestFinished(() => {
    warn.mockRestore();
  });
  const actor = restored('barrier');
  actor.send({ type: 'go' });
  actor.stop();
  expect(log).toEqual(['child started', 'child stopped']);
  expect(() => {
    actor.send({ type: 'back' });
  }).not.toThrow();
  expect(actor.getSnapshot().value).toBe('running');
  expect(log).toHaveLength(2);
});
