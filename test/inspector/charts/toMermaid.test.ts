import { expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { toMermaid } from '../../../inspector/charts/toMermaid.ts';

test('OB-3 a flat chart is drawn whole: start, arrows with guards, ends', () => {
  const machine = createMachine({
    id: 'sampleFlat',
    initial: 'closed',
    on: { 'operator.isolated': { target: '.isolated' } },
    states: {
      closed: {
        on: { 'call.failed': [{ guard: 'isLast', target: 'open' }, { actions: 'count' }] },
      },
      open: { on: { 'time.up': 'closed', 'call.succeeded': 'closed' } },
      isolated: { type: 'final' },
    },
  });
  expect(toMermaid(machine)).toEqual([
    {
      region: null,
      text: `stateDiagram-v2
  state "any state" as any
  state "closed" as s_closed
  state "open" as s_open
  state "isolated" as s_isolated
  [*] --> s_closed
  any --> s_isolated : operator.isolated
  s_closed --> s_open : call.failed [isLast]
  s_open --> s_closed : time.up<br/>call.succeeded
  s_isolated --> [*]
`,
    },
  ]);
});

test('OB-3 a composite state is a block; its own arrows inward start at any state of it', () => {
  const machine = createMachine({
    id: 'sampleNested',
    initial: 'running',
    states: {
      running: {
        initial: 'slow',
        on: { 'speed.set': '.fast', 'stop.asked': 'stopped' },
        states: { slow: { on: { 'fault.seen': '#sampleNested.stopped' } }, fast: {} },
      },
      stopped: {},
    },
  });
  expect(toMermaid(machine)[0]?.text).toBe(`stateDiagram-v2
  state "running" as s_running {
    state "any state" as any_running
    state "slow" as s_running_slow
    state "fast" as s_running_fast
    [*] --> s_running_slow
    any_running --> s_running_fast : speed.set
  }
  state "stopped" as s_stopped
  [*] --> s_running
  s_running --> s_stopped : stop.asked
  s_running_slow --> s_stopped : fault.seen
`);
});

test('OB-3 every region of a parallel state has a diagram of its own', () => {
  const machine = createMachine({
    id: 'sampleParallel',
    initial: 'up',
    on: { 'reset.asked': { target: '.up.store.ok' } },
    states: {
      up: {
        type: 'parallel',
        onDone: 'down',
        states: {
          store: { initial: 'ok', states: { ok: { on: { 'store.lost': 'lost' } }, lost: {} } },
          network: {
            initial: 'good',
            states: { good: { on: { 'cable.cut': '#sampleParallel.down' } } },
          },
        },
      },
      down: {},
    },
  });
  const diagrams = toMermaid(machine);
  expect(diagrams.map((diagram) => diagram.region)).toEqual([null, 'up.store', 'up.network']);
  expect(diagrams.map((diagram) => diagram.text).join('')).toBe(`stateDiagram-v2
  state "any state" as any
  state "up (drawn below)" as s_up
  state "down" as s_down
  [*] --> s_up
  any --> s_up : reset.asked
  s_up --> s_down : every part of sampleParallel.up ended
stateDiagram-v2
  state "any state" as any_up_store
  state "ok" as s_up_store_ok
  state "lost" as s_up_store_lost
  [*] --> s_up_store_ok
  any_up_store --> s_up_store_ok : reset.asked
  s_up_store_ok --> s_up_store_lost : store.lost
stateDiagram-v2
  state "down (elsewhere)" as s_down
  state "good" as s_up_network_good
  [*] --> s_up_network_good
  s_up_network_good --> s_down : cable.cut
`);
});
