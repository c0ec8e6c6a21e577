/**
 * What the engine relies on in XState. Not ours to fix, ours to notice when a new version of it
 * differs.
 */

import { assign, createActor, fromCallback, type SnapshotFrom, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { OperationHarness } from '../support/operationHarness.ts';

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
