/** Types that are parked by themselves: what can't be tried now is not asked for again and again. */

import { expect, test } from 'vitest';
import { operationChart } from '../../../actors/charts/chartOfWork.ts';
import type { Permit } from '../../../actors/operation/flowControl.ts';
import { createResident, type Resident } from '../../../actors/operation/resident.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import type { LineWork } from '../../../actors/upstream/claims.ts';
import { ParkedWork, type ParkingLine } from '../../../actors/upstream/parkedWork.ts';
import type { UpstreamScheduler } from '../../../actors/upstream/upstreamScheduler.ts';
import { TypeTrials } from '../../../machines/policy/flow/typeTrials.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { QueueStore, StoredOperation } from '../../../persistence/port/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

type ClaimAnswer = Awaited<ReturnType<QueueStore['claim']>>;

const ROUTE = 'type:payments.push';
const NOTHING: ClaimAnswer = { rows: [], nextDueAtMs: null };

/** One type is parked at an upstream that is down; each permit that comes back is a reason to ask again. */
function createParked(its: {
  readonly claim: (nowMs: number) => ClaimAnswer;
  readonly revive?: () => Resident | null;
}) {
  const clock = new VirtualClock();
  const steady = new SteadyClock(clock);
  const types = new TypeTrials();
  Object.defineProperties(types, {
    changes: { value: 1 },
    parked: { value: new Map([[ROUTE, {}]]) },
    nextTryMs: { value: () => clock.monotonic() },
  });
  let permitsOut = 0;
  let claims = 0;
  const errors: unknown[] = [];
  const granted: string[] = [];
  const flow = {
    ...{ upstream: 'payments', types, isDown: true, probesFailed: 1 },
    mayRun: () => ({ may: true }),
    tryEnter: () => {
      permitsOut += 1;
      return { flow } as unknown as Permit;
    },
    leave: () => {
      permitsOut -= 1;
      if (claims < 10_000) queueMicrotask(pump);
    },
  } as unknown as UpstreamScheduler;
  const work: LineWork = {
    passOver: [],
    page: () => ({ isStale: () => false, end: () => undefined }),
    revive: its.revive ?? (() => null),
    reroute: () => undefined,
    passivate: () => undefined,
    grant: ({ id }) => void granted.push(id),
  };
  const line: ParkingLine = { work, routes: [], parkedChanged: () => undefined };
  const claim: QueueStore['claim'] = async () => {
    claims += 1;
    return await Promise.resolve(its.claim(steady.now()));
  };
  const parked = new ParkedWork(line, {
    ...{ flow, clock, steady },
    store: { ...createMemoryStore(), claim },
    journal: { sendAll: () => undefined },
    onError: (error) => void errors.push(error),
  });
  let cancel = (): void => undefined;
  const pump = (): void => {
    cancel();
    parked.review();
    parked.pump(false);
    const atMs = parked.nextAtMs;
    if (atMs !== null) cancel = clock.schedule(atMs - steady.now(), pump);
  };
  return { clock, pump, claims: () => claims, permitsOut: () => permitsOut, errors, granted };
}

const ROW = { id: 'op', subject: 'user-42', dueAtMs: 0 } as unknown as StoredOperation;

/** Nothing of it is asked but what the work is. */
const ACTOR = {
  getSnapshot: () => ({ context: { priority: 'normal', tier: 'basic' } }),
} as unknown as Resident['actor'];

function resident(): Resident {
  return createResident(ACTOR, {
    ...{ id: 'op', urgency: 1, chart: operationChart, route: ROUTE, subject: 'user-42' },
    ...{ body: null, standing: 'due', handler: null, permit: null },
  });
}

test('CB-2 what is in memory still is looked for again after a pause, and then has its probe', async () => {
  let isInMemory = true;
  const world = createParked({
    claim: () => ({ rows: [ROW], nextDueAtMs: null }),
    revive: () => (isInMemory ? null : resident()),
  });
  world.pump();
  await world.clock.advance(1_000);
  expect(world.claims()).toBeGreaterThan(5);
  expect(world.claims()).toBeLessThan(25);
  isInMemory = false;
  await world.clock.advance(200);
  expect(world.granted[0]).toBe('op');
});

test('CB-2 nor is what is due and passed over, nor a store that fails', async () => {
  const passedOver = createParked({ claim: (nowMs) => ({ ...NOTHING, nextDueAtMs: nowMs }) });
  passedOver.pump();
  await passedOver.clock.advance(1_000);
  expect(passedOver.claims()).toBeLessThan(50);
  expect(passedOver.permitsOut()).toBe(0);
  const failing = createParked({
    claim: () => {
      throw new Error('The disk is gone.');
    },
  });
  failing.pump();
  await failing.clock.advance(60_000);
  expect(failing.errors.length).toBeGreaterThan(5);
  expect(failing.errors.length).toBeLessThan(30);
  expect(failing.permitsOut()).toBe(0);
});
