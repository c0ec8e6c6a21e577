/**
 * Whatever state an operation or a crisis is in, a person may decide, its time may be over, its process may stop
 * or die: swept over kinds of trouble and over time, each with what has to come of it. So runtimes take what
 * charts can take, and not only their tests (docs/machines/coverage.json).
 */

import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import {
  conflictFailure,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = {
  ...{ type: 'payments.push', subject: 'user-1', tier: 'premium', payload: {} },
};
const HOUR_MS = 3_600_000;

const later = <Value>({ clock }: World, ms: number, value: () => Value): Promise<Value> =>
  new Promise((resolve, reject) => {
    clock.schedule(ms, () => {
      try {
        resolve(value());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });

const refuse = (): never => {
  throw permanentFailure('No.');
};
const isInUse = (): never => {
  throw conflictFailure('Another version.');
};
const breaks = (): never => {
  throw unknownOutcome('The line broke.');
};
const isDown = (): never => {
  throw transientFailure('Down.');
};

/** What the upstream does until it is well; `null` for no handler at all. */
const TROUBLES: Readonly<
  Record<
    string,
    ((world: World, attempt: Attempt) => Promise<Json | undefined> | Json | undefined) | null
  >
> = {
  'nobody handles it': null,
  'is down': isDown,
  refuses: refuse,
  'has another version': isInUse,
  'breaks off': breaks,
  'takes its time': (world) => later(world, 700, () => 'late'),
  'takes its time and fails': (world) => later(world, 700, isDown),
  'overhangs and answers': (world) => later(world, 12_000, () => 'late'),
  'overhangs and refuses': (world) => later(world, 12_000, refuse),
  'overhangs and has another version': (world) => later(world, 12_000, isInUse),
  'overhangs and breaks off': (world) => later(world, 12_000, breaks),
  'overhangs and fails': (world) => later(world, 12_000, isDown),
};

const ACTS = ['nothing', 'cancel', 'retryNow', 'stop', 'kill'] as const;
const INSTANTS_MS = [0, 300, 1_100, 5_000, 15_000, 40_000] as const;
const EXPIRIES_MS = [null, 1_050, 9_000, 30_000] as const;
/** It has ended, or waits for a person who says how it goes on. */
const AT_REST: readonly string[] = [
  ...['completed', 'cancelled', 'expired', 'deadLettered', 'conflicted', 'inReview'],
];

describe.each([true, false])('OP-5 RT-2 SV-4 repeat is safe: %s', (isRepeatSafe) => {
  test.each(Object.keys(TROUBLES))('OP-5 of an upstream that, or where, %s', async (trouble) => {
    for (const act of ACTS) {
      for (const [index, atMs] of INSTANTS_MS.entries()) {
        const expiresInMs = EXPIRIES_MS[(index + ACTS.indexOf(act)) % EXPIRIES_MS.length] ?? null;
        const told = { trouble, isRepeatSafe, act, atMs, expiresInMs };
        const state = await story(told);
        expect(AT_REST, JSON.stringify(told)).toContain(state);
      }
    }
  });
});

interface Story {
  readonly trouble: string;
  readonly isRepeatSafe: boolean;
  readonly act: (typeof ACTS)[number];
  readonly atMs: number;
  readonly expiresInMs: number | null;
}

/** The state that it is in after all that. */
async function story(told: Story): Promise<string> {
  const { trouble, isRepeatSafe, act, atMs, expiresInMs } = told;
  const world = createWorld();
  const { clock } = world;
  let isWell = false;
  const run = TROUBLES[trouble] ?? null;
  const handler: Handler = {
    upstream: 'default',
    honoursIdempotencyKey: isRepeatSafe,
    attemptTimeoutMs: 1_000,
    run: (attempt) => (isWell || run === null ? 'done' : run(world, attempt)),
  };
  const options: Partial<RuntimeOptions> = {
    policies: {
      tiers: { premium: { retry: { attemptsMax: 3, initialDelayMs: 200, delayMsMax: 5_000 } } },
    },
    handlers: { 'payments.push': handler },
  };
  // Its handler is there when it is accepted, and not in the process after that.
  const first = world.boot(options);
  const expiresAtMs = expiresInMs === null ? {} : { expiresAtMs: clock.now() + expiresInMs };
  const { id } = await clock.run(first.runtime.sync({ ...REQUEST, ...expiresAtMs }));
  let { runtime }: { runtime: Runtime } = first;
  if (run === null) {
    first.kill();
    ({ runtime } = world.boot({ ...options, handlers: {} }));
    await clock.run(runtime.ready);
  }
  await clock.advance(atMs);
  const operation = runtime.operations.get(id);
  if (act === 'cancel') await clock.run(operation.cancel().catch(() => undefined));
  if (act === 'retryNow') await clock.run(operation.retryNow().catch(() => undefined));
  if (act === 'stop') {
    await clock.run(runtime.close({ deadlineMs: 2_000 }));
    ({ runtime } = world.boot(options));
  }
  if (act === 'kill') {
    first.kill();
    ({ runtime } = world.boot(options));
  }
  await clock.run(runtime.ready);
  await clock.advance(20_000);
  isWell = true;
  if (run === null && act !== 'stop' && act !== 'kill') {
    await clock.run(runtime.handle('payments.push', handler));
  }
  await clock.advance(HOUR_MS);
  const { state } = await clock.run(runtime.operations.get(id).view());
  if (act !== 'stop') await clock.run(runtime.close({ deadlineMs: 1_000 }));
  return state;
}

/** It may be too late for it, which is said by a rejection. */
async function decided(decision: Promise<unknown>): Promise<void> {
  await decision.catch(() => undefined);
}

describe('CR-4 CR-5 a person decides about a crisis, whenever', () => {
  const by = { id: 'staff-7', role: 'clinician' };
  const decisions = {
    acknowledge: (runtime: Runtime, id: string) => runtime.crises.acknowledge(id, { by }),
    callOff: (runtime: Runtime, id: string) =>
      runtime.crises.callOff(id, { by, reason: 'found safe' }).catch(() =>
        // Where nobody was told yet it takes a second person.
        runtime.crises.callOff(id, { by: { ...by, id: 'dr-2' }, reason: 'found safe' }),
      ),
    retryNow: (runtime: Runtime, id: string) => runtime.operations.get(id).retryNow(),
    nothing: () => Promise.resolve(),
  } as const;
  type Decision = keyof typeof decisions;
  const PAIRS: readonly (readonly [Decision, Decision])[] = [
    ['nothing', 'nothing'],
    ['acknowledge', 'nothing'],
    ['acknowledge', 'acknowledge'],
    ['acknowledge', 'callOff'],
    ['callOff', 'nothing'],
    ['retryNow', 'nothing'],
    ['retryNow', 'acknowledge'],
  ];
  /** While it is sent, backs off, is told to people, waits for one, and when nobody is left. */
  const INSTANTS = [0, 5, 900, 61_000, 62_500, 95_000, 130_000, 400_000] as const;
  const DELIVERIES = {
    'is down': () => isDown(),
    hangs: (world: World) => later(world, 200_000, isDown),
    'fails late': (world: World) => later(world, 20_000, isDown),
    'answers late': (world: World) => later(world, 22_000, () => null),
    'has nobody': null,
  } as const;

  test.each(Object.keys(DELIVERIES))('CR-4 CR-5 where its upstream %s', async (kind) => {
    for (const atMs of INSTANTS) {
      for (const [first, second] of PAIRS) {
        const world = createWorld();
        const { clock } = world;
        let isWell = false;
        const run = DELIVERIES[kind as keyof typeof DELIVERIES];
        const handler: Handler = {
          upstream: 'default',
          attemptTimeoutMs: 25_000,
          run: () => (isWell || run === null ? null : run(world)),
        };
        const notify = (): Promise<null> => later(world, 3_000, () => null);
        const { runtime } = world.boot({
          handlers: run === null ? {} : { 'crisis.alert': handler },
          crisis: {
            escalation: [
              { name: 'on-call', notify, acknowledgeWithinMs: 30_000 },
              { name: 'clinician', notify },
            ],
          },
        });
        await clock.run(runtime.ready);
        const { operationId, durable } = await runtime.crisis({ subject: 'p-1', payload: {} });
        await clock.run(durable);
        const id = operationId ?? '';
        await clock.advance(atMs);
        await clock.run(decided(decisions[first](runtime, id)));
        await clock.advance(700);
        await clock.run(decided(decisions[second](runtime, id)));
        await clock.advance(30_000);
        isWell = true;
        if (run === null) await clock.run(runtime.handle('crisis.alert', handler));
        await clock.advance(HOUR_MS);
        const { status } = await clock.run(runtime.operations.get(id).outcome);
        const isCalledOff = first === 'callOff' || second === 'callOff';
        const told = { kind, atMs, first, second };
        expect({ ...told, status }).toEqual({
          ...told,
          status: isCalledOff ? expect.toBeOneOf(['cancelled', 'completed']) : 'completed',
        });
        await clock.run(runtime.close({ deadlineMs: 1_000 }));
      }
    }
  });
});

function holdOf(runtime: Runtime) {
  return runtime.getHealthStatus().upstreams['default']?.hold ?? null;
}

describe('CB-1 who holds a breaker, and who lets go of it', () => {
  const ORDERS = ['forceOpen', 'disable', 'observe'] as const;

  test('CB-1 of two orders the stronger is in force, and each release lets go of one', async () => {
    for (const first of ORDERS) {
      for (const second of ORDERS) {
        const { clock, boot } = createWorld();
        const { runtime } = boot({
          handlers: { 'payments.push': { upstream: 'default', run: isDown } },
        });
        await clock.run(runtime.ready);
        const upstream = runtime.upstream('default');
        upstream[first]('one', 'a');
        upstream[second]('two', 'b');
        await clock.run(runtime.sync(REQUEST));
        await clock.advance(90_000);
        expect(holdOf(runtime)).toMatchObject({ orders: 2 });
        upstream.release();
        expect(holdOf(runtime)).toMatchObject({ orders: 1 });
        upstream.release();
        expect(holdOf(runtime)).toBeNull();
        upstream.release();
        await clock.run(runtime.close({ deadlineMs: 1 }));
      }
    }
  });
});
