import { describe, expect, test } from 'vitest';
import { assign, type SnapshotFrom, setup } from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { ChartActor, type ChartActorParts } from '../../../actors/charts/chartActor.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

type LampEvent =
  | { readonly type: 'lit'; readonly untilMs: number }
  | { readonly type: 'out.due'; readonly atMs: number }
  | { readonly type: 'asked' }
  | { readonly type: 'resumed' }
  | { readonly type: 'broken' };

const BROKEN = new Error('broken');

/** Burns until an instant. */
const lamp = setup({
  types: {
    context: {} as { readonly untilMs: number | null; readonly resumed: number },
    events: {} as LampEvent,
    input: {} as { readonly resumed: number },
  },
  guards: {
    isDue: ({ context }, params: { atMs: number }) => params.atMs >= (context.untilMs ?? 0),
  },
  actions: {
    light: assign((_, params: { untilMs: number }) => ({ untilMs: params.untilMs })),
    putOut: assign({ untilMs: null }),
    count: assign({ resumed: ({ context }) => context.resumed + 1 }),
    break: () => {
      throw BROKEN;
    },
  },
}).createMachine({
  id: 'lamp',
  version: '2',
  context: ({ input }) => ({ untilMs: null, resumed: input.resumed }),
  initial: 'dark',
  on: { resumed: { actions: ['count'] }, broken: { actions: ['break'] } },
  states: {
    dark: {
      on: {
        lit: { target: 'bright', actions: [{ type: 'light', params: ({ event }) => event }] },
      },
    },
    bright: {
      on: {
        'out.due': {
          guard: { type: 'isDue', params: ({ event }) => event },
          target: 'dark',
          actions: ['putOut'],
        },
      },
    },
  },
});

function lampDue({
  context: { untilMs },
}: SnapshotFrom<typeof lamp>): { readonly type: 'out.due'; readonly atMs: number } | null {
  return untilMs === null ? null : { type: 'out.due', atMs: untilMs };
}

type Parts = ChartActorParts<typeof lamp>;

interface Options {
  readonly changeOf?: NonNullable<Parts['keep']>['changeOf'];
  readonly onChange?: Parts['onChange'];
  readonly after?: (clock: VirtualClock) => NonNullable<Parts['due']>['after'];
}

function light(options: Options = {}) {
  const clock = new VirtualClock();
  const steady = new SteadyClock(clock);
  const failures: unknown[] = [];
  const timers = new TimerService(clock, (error) => failures.push(error));
  const system = new ActorSystem((error) => failures.push(error));
  const kept: string[] = [];
  const changes: string[] = [];
  const chart = new ChartActor({
    system,
    machine: lamp,
    id: 'lamp:1',
    input: { resumed: 0 },
    due: {
      of: lampDue,
      steady,
      after: options.after?.(clock) ?? timers.after.bind(timers),
    },
    keep: {
      write: (state) => kept.push(state),
      ...(options.changeOf === undefined ? {} : { changeOf: options.changeOf }),
      migrations: {
        lamp: [
          {
            from: '1',
            to: '2',
            migrate: ({ value }) => ({ value, context: { untilMs: null, resumed: 0 } }),
          },
        ],
      },
    },
    onChange: (snapshot, event) => {
      changes.push(`${event?.type ?? 'replaced'} ${snapshot.value}`);
      options.onChange?.(snapshot, event);
    },
    onFailed: (error) => failures.push(error),
  });
  chart.start();
  const lightFor = (ms: number): void => {
    chart.send({ type: 'lit', untilMs: steady.now() + ms });
  };
  return { chart, clock, steady, system, kept, changes, failures, lightFor };
}

const stateIn = (text: string | undefined): unknown =>
  (JSON.parse(text ?? '{}') as { value: unknown }).value;

describe('SV-2 the host of a component chart', () => {
  test('SV-2 its actor is a child of the root, known by its name until it is stopped', () => {
    const { chart, system } = light();
    expect(system.root.system.get('lamp:1')?.getSnapshot()).toBe(chart.snapshot);
    chart.stop();
    expect(system.root.system.get('lamp:1')).toBeUndefined();
  });

  test('OB-1 a change is told with the event that brought it, also one that was sent meanwhile', () => {
    const { lightFor, changes, chart } = light({
      onChange: (snapshot, event) => {
        if (event?.type !== 'lit') return;
        chart.send({ type: 'asked' });
        chart.send({ type: 'resumed' });
        expect(snapshot.value).toBe('bright');
      },
    });
    lightFor(10);
    expect(changes).toEqual(['lit bright', 'asked bright', 'resumed bright']);
  });
});

describe('CB-4 what is due', () => {
  test('CB-4 is sent at its instant', async () => {
    const { chart, clock, lightFor } = light();
    lightFor(500);
    await clock.advance(499);
    expect(chart.snapshot.value).toBe('bright');
    await clock.advance(1);
    expect(chart.snapshot.value).toBe('dark');
  });

  test('CB-4 is not sent too early by a timer that rings early', async () => {
    const { chart, clock, lightFor } = light({
      after: (early) => (spanMs, wake) => early.schedule(spanMs - 2, wake),
    });
    lightFor(500);
    await clock.advance(498);
    expect(chart.snapshot.value).toBe('dark');
  });

  test('CB-4 is not sent once it has stopped or has died', async () => {
    for (const end of ['stop', 'break'] as const) {
      const { chart, clock, lightFor } = light();
      lightFor(500);
      if (end === 'stop') chart.stop();
      else chart.send({ type: 'broken' });
      expect(clock.pending).toBeLessThanOrEqual(1);
      await clock.advance(1_000);
      expect(chart.snapshot.value).toBe('bright');
    }
  });

  test('CB-4 of the past, after a restore, is sent at once', async () => {
    const { chart, clock, lightFor, kept } = light();
    lightFor(500);
    const next = light();
    await next.clock.advance(10_000);
    next.chart.restore(kept.at(-1) ?? '', { type: 'resumed' });
    await next.clock.advance(0);
    expect(next.chart.snapshot).toMatchObject({ value: 'dark', context: { resumed: 1 } });
    chart.stop();
    await clock.advance(0);
  });
});

describe('PS-3 what is kept', () => {
  test('PS-3 every change, and nothing where nothing changed', () => {
    const { chart, lightFor, kept } = light();
    chart.send({ type: 'asked' });
    expect(kept).toEqual([]);
    lightFor(500);
    chart.send({ type: 'asked' });
    chart.send({ type: 'resumed' });
    expect(kept.map(stateIn)).toEqual(['bright', 'bright']);
  });

  test('PS-3 only what matters, where a component says so', () => {
    const { chart, lightFor, kept } = light({ changeOf: ({ value }) => value });
    chart.send({ type: 'resumed' });
    lightFor(500);
    chart.send({ type: 'resumed' });
    expect(kept.map(stateIn)).toEqual(['bright']);
  });

  test('PS-3 goes on in another process, sent first what it resumes with', () => {
    const { lightFor, kept } = light();
    lightFor(500);
    const { chart, changes } = light();
    chart.restore(kept[0] ?? '', { type: 'resumed' });
    expect(changes).toEqual(['replaced bright', 'resumed bright']);
  });

  test('PS-3 of an earlier version is brought up to date', () => {
    const { chart } = light();
    const old = { machine: 'lamp', version: '1', value: 'bright', context: { until: 'noon' } };
    chart.restore(JSON.stringify(old), { type: 'resumed' });
    expect(chart.snapshot).toMatchObject({ value: 'bright', context: { untilMs: null } });
  });

  test('PS-3 that can not be read changes nothing', () => {
    const { chart, lightFor, changes } = light();
    lightFor(500);
    const newer = { machine: 'lamp', version: '3', value: 'bright', context: {} };
    expect(() => {
      chart.restore(JSON.stringify(newer), { type: 'resumed' });
    }).toThrow(HoldfastError);
    expect(changes).toEqual(['lit bright']);
    chart.send({ type: 'asked' });
    expect(changes).toEqual(['lit bright', 'asked bright']);
  });
});

describe('SV-2 an actor that dies', () => {
  test('SV-2 is reported, once, and takes nothing more', () => {
    const { chart, changes, failures, lightFor, system } = light();
    chart.send({ type: 'broken' });
    expect(failures).toEqual([BROKEN]);
    expect(chart.isFailed).toBe(true);
    lightFor(500);
    chart.send({ type: 'broken' });
    expect(failures).toEqual([BROKEN]);
    expect(changes).toEqual([]);
    expect(system.root.getSnapshot().status).toBe('active');
  });

  test('SV-2 starts anew, under its name', () => {
    const { chart, changes, kept, lightFor, system } = light();
    lightFor(500);
    chart.send({ type: 'broken' });
    chart.restart();
    expect(chart.isFailed).toBe(false);
    expect(chart.snapshot.value).toBe('dark');
    expect(changes).toEqual(['lit bright', 'replaced dark']);
    expect(kept.map(stateIn)).toEqual(['bright', 'dark']);
    expect(system.root.system.get('lamp:1')?.getSnapshot()).toBe(chart.snapshot);
  });

  test('SV-2 goes on from what was kept', async () => {
    const { chart, clock, kept, lightFor } = light();
    lightFor(500);
    chart.send({ type: 'broken' });
    chart.restore(kept.at(-1) ?? '', { type: 'resumed' });
    expect(chart.snapshot.value).toBe('bright');
    await clock.advance(500);
    expect(chart.snapshot.value).toBe('dark');
  });

  test('SV-2 of the event it resumes with has failed, and can start anew', () => {
    const { chart, failures, kept, lightFor } = light();
    lightFor(500);
    chart.restore(kept.at(-1) ?? '', { type: 'broken' });
    expect(failures).toEqual([BROKEN]);
    chart.restart();
    expect(chart.snapshot.value).toBe('dark');
  });

  test('SV-2 and one whose change can not be followed has failed too', () => {
    const { failures, lightFor, chart } = light({
      onChange: (_, event) => {
        if (event?.type === 'lit') throw BROKEN;
      },
    });
    lightFor(500);
    expect(failures).toEqual([BROKEN]);
    expect(chart.isFailed).toBe(true);
  });
});

describe('SV-4 after the stop', () => {
  test('SV-4 nothing moves it, and nothing brings it back', async () => {
    const { chart, clock, kept, changes, lightFor } = light();
    lightFor(500);
    chart.stop();
    chart.send({ type: 'resumed' });
    chart.restart();
    chart.restore(kept[0] ?? '', { type: 'resumed' });
    await clock.advance(1_000);
    expect(changes).toEqual(['lit bright']);
    expect(chart.snapshot.value).toBe('bright');
  });
});
