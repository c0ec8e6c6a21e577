/** Operations are found by what is asked for, wherever they are: in memory, on disk, at rest. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import type { Store } from '../../persistence/port/store.ts';
import {
  conflictFailure,
  type Handler,
  type OperationFilter,
  type OperationView,
  permanentFailure,
  type Runtime,
  transientFailure,
  unknownOutcome,
} from '../../src/index.ts';
import { managementAtRest } from '../../src/management/atRest.ts';
import type { Caller } from '../../src/management/managementCall.ts';
import {
  countsOf,
  OPERATION_STATES,
  operationsOf,
  pageOf,
  SHOWN_REASONS,
} from '../../src/management/operations.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import type { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { createWorld, createWorldOnFile, type World } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const UPSTREAM = 'payments';

function failing(failure: () => Error): Handler {
  return {
    upstream: UPSTREAM,
    run: () => {
      throw failure();
    },
  };
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  'work.done': { upstream: UPSTREAM, run: () => null },
  'work.hangs': { upstream: UPSTREAM, run: () => new Promise(() => undefined) },
  'work.bad': failing(() => permanentFailure('Refused.')),
  'work.conflict': failing(() => conflictFailure('Another version.')),
  'work.unsafe': {
    ...failing(() => unknownOutcome('Cut off.')),
    honoursIdempotencyKey: false,
  },
  'work.failing': failing(() => transientFailure('Not now.')),
  'work.held': { upstream: 'closed', run: () => null },
};

/** Operations in as many states as there are; the last act of each stands. */
async function busyStore(world: World): Promise<{ runtime: Runtime; close: () => Promise<void> }> {
  const { clock } = world;
  const { runtime } = world.boot({
    upstreams: { [UPSTREAM]: { concurrency: 64 }, closed: {} },
    handlers: HANDLERS,
    residentsMax: 4,
  });
  await clock.run(runtime.ready);
  runtime.upstream('closed').forceOpen('maintenance');
  const send = (type: string, more: object = {}) =>
    clock.run(runtime.sync({ type, subject: 'user-1', tier: 'premium', ...more }));
  const entity = { type: 'subscription', id: 'sub "1"' };
  for (const type of Object.keys(HANDLERS)) await send(type);
  await clock.advance(1_000);
  for (const tier of ['premium', 'basic', 'trial'] as const) {
    for (const priority of ['high', 'normal', 'low'] as const) {
      await send('work.held', {
        ...{ tier, priority, entity, subject: `user-${tier}` },
        tags: [`of ${tier}`, 'batch "7"'],
      });
    }
  }
  await clock.advance(1_000);
  const cancelled = await send('work.held', { subject: 'user-2' });
  await clock.run(cancelled.cancel());
  await send('work.held', { expiresAtMs: clock.now() + 10 });
  const closure = runtime.executeResilientSync(
    { type: 'work.other', tier: 'basic' },
    'user-2',
    () => {
      throw transientFailure('Not now.');
    },
  );
  await clock.run(closure);
  await clock.run(runtime.crisis({ subject: 'user-1' }));
  await clock.advance(5_000);
  return { runtime, close: () => clock.run(runtime.close()) };
}

const WORLDS: readonly (readonly [string, () => World])[] = [
  ['in memory', () => createWorld(1, createMemoryStore())],
  ['on a file', () => createWorldOnFile(1, inThreadStore(join(tempFolder(), 'store')))],
];

function callerAtRest(store: Store, clock: VirtualClock): Caller {
  const random = seededRandom(1);
  return managementAtRest({ store, hold: null, clock, random, payloadBytesMax: 1_000 });
}

async function taken(from: AsyncIterable<OperationView>): Promise<OperationView[]> {
  const views: OperationView[] = [];
  for await (const view of from) views.push(view);
  return views;
}

function filtersOf(all: readonly OperationView[]): readonly OperationFilter[] {
  const times = all.map(({ acceptedAtMs }) => acceptedAtMs);
  const middle = times[Math.floor(times.length / 2)] ?? 0;
  const states = OPERATION_STATES as readonly OperationView['state'][];
  const reasons = SHOWN_REASONS as readonly NonNullable<OperationFilter['reason']>[];
  return [
    {},
    ...states.map((state) => ({ state })),
    ...reasons.map((reason) => ({ reason })),
    ...[...Object.keys(HANDLERS), 'work.other', 'work'].map((type) => ({ type })),
    ...['user-1', 'user-2', 'user-trial', 'nobody'].map((subject) => ({ subject })),
    { entity: { type: 'subscription', id: 'sub "1"' } },
    { entity: { type: 'subscription', id: 'sub' } },
    { tier: 'trial' },
    { priority: 'low' },
    { priority: 'crisis' },
    { tag: 'batch "7"' },
    { tag: 'of trial', state: 'inLane' },
    { tag: 'of' },
    { sinceMs: middle },
    { sinceMs: middle + 1 },
    { untilMs: middle },
    { sinceMs: middle, untilMs: middle + 0.5 },
    { sinceMs: -1, untilMs: Number.POSITIVE_INFINITY },
    ...all
      .slice(0, 3)
      .flatMap(({ id }) => [
        { idEnd: id.slice(-6).toUpperCase() },
        { idEnd: id.slice(-5) },
        { idEnd: id },
        { idEnd: id.slice(-6), state: 'completed' as const },
      ]),
    { idEnd: '00ff00ff00ff' },
    { state: 'waiting', tier: 'trial', type: 'work.held', subject: 'user-trial' },
    { state: 'inLane', reason: 'lane', priority: 'low' },
    { state: 'completed', reason: 'lane' },
  ];
}

/** What the filter says, in other words than the code's. */
function isMeant(view: OperationView, filter: OperationFilter): boolean {
  const {
    reason,
    tag,
    idEnd = '',
    sinceMs = 0,
    untilMs = Number.POSITIVE_INFINITY,
    ...same
  } = filter;
  if (reason !== undefined && view.wait?.reason !== reason) return false;
  if (!view.id.endsWith(idEnd.toLowerCase())) return false;
  if (tag !== undefined && !view.tags.some((one) => one === tag)) return false;
  if (view.acceptedAtMs < sinceMs || view.acceptedAtMs >= untilMs) return false;
  return Object.entries(same).every(
    ([name, value]) => JSON.stringify(view[name as keyof OperationView]) === JSON.stringify(value),
  );
}

describe.each(WORLDS)('OP-10 a store %s', (_, make) => {
  test('OP-10 every filter finds what it means and nothing else, both ways round, while it runs and at rest', async () => {
    const world = make();
    const { clock } = world;
    const { runtime, close } = await busyStore(world);

    async function check(list: (filter: OperationFilter) => AsyncIterable<OperationView>) {
      const all = await clock.run(taken(list({})));
      for (const filter of filtersOf(all)) {
        const wanted = all.filter((view) => isMeant(view, filter)).map(({ id }) => id);
        const found = await clock.run(taken(list(filter)));
        expect([filter, found.map(({ id }) => id)]).toEqual([filter, wanted]);
      }
      return new Set(all.map(({ state }) => state));
    }
    const live = await check((filter) => runtime.operations.list(filter));
    expect(live).toEqual(
      new Set([
        ...['completed', 'overhanging', 'deadLettered', 'conflicted', 'inReview', 'backingOff'],
        ...['waiting', 'inLane', 'cancelled', 'expired', 'awaitingHandler'],
      ]),
    );
    await check((filter) => runtime.operations.list({ ...filter, order: 'newest' }));

    await close();
    const store = world.disk;
    await store.open();
    const atRest = callerAtRest(store, clock);
    const rested = await check((filter) => operationsOf(atRest, filter));
    expect(rested).toContain('waiting');
    await store.close();
  });

  test('OP-10 they are counted as they are found, with and without a filter, while it runs and at rest', async () => {
    const world = make();
    const { clock } = world;
    const { runtime, close } = await busyStore(world);
    const found = await clock.run(runtime.operations.count());
    expect(found).toEqual({
      ...{
        ready: 5,
        inLane: 8,
        scheduled: 0,
        rateLimited: 0,
        handlerMissing: 1,
        conflicted: 1,
        inReview: 1,
      },
      ...{ deadLettered: 1, ended: 3, unreadable: 0, total: 20 },
    });
    expect(await clock.run(runtime.operations.count({ sinceMs: 0 }))).toEqual(found);
    const mine = await clock.run(taken(runtime.operations.list({ type: 'work.held' })));
    const { total, inLane } = await clock.run(runtime.operations.count({ type: 'work.held' }));
    expect(total).toBe(mine.length);
    expect(inLane).toBe(mine.filter(({ state }) => state === 'inLane').length);
    await close();
    await world.disk.open();
    const atRest = callerAtRest(world.disk, clock);
    const all = await countsOf(atRest, {});
    expect(await countsOf(atRest, { untilMs: Number.POSITIVE_INFINITY })).toEqual(all);
    await world.disk.close();
  });

  test('OP-10 a page is full or the last, and pages follow on each other', async () => {
    const world = make();
    const { clock } = world;
    const { runtime, close } = await busyStore(world);
    const filter = { type: 'work.held', tier: 'premium' } as const;
    for (const order of ['newest', 'oldest'] as const) {
      const wanted = await clock.run(taken(runtime.operations.list({ ...filter, order })));
      const found: OperationView[] = [];
      for (let afterSeq: number | undefined; ; ) {
        const page = await clock.run(
          runtime.operations.page({ ...filter, order, limit: 2, afterSeq }),
        );
        found.push(...page.views);
        if (page.nextAfterSeq === null) break;
        expect(page.views).toHaveLength(2);
        afterSeq = page.nextAfterSeq;
      }
      expect(found).toEqual(wanted);
    }
    await close();
  });
});

test('OP-12 SE-1 tags come with every way of acceptance, stay over replays, and are nowhere in the clear', async () => {
  const folder = join(tempFolder(), 'store');
  const world = createWorldOnFile(1, inThreadStore(folder));
  const { clock } = world;
  const { runtime } = world.boot({ handlers: HANDLERS, upstreams: { [UPSTREAM]: {}, closed: {} } });
  await clock.run(runtime.ready);
  const tags = ['quiet word'];
  const request = { subject: 'user-1', tier: 'basic', tags } as const;
  const one = await clock.run(runtime.sync({ ...request, type: 'work.bad' }));
  await clock.run(one.outcome);
  await clock.run(runtime.syncAll([{ ...request, type: 'work.done' }]));
  await clock.run(
    runtime.executeResilientSync({ tags, tier: 'basic', type: 'work.other' }, 'user-1', () => 1),
  );
  await clock.run(runtime.deadLetters.replay(one.id));
  const found = await clock.run(taken(runtime.operations.list({ tag: 'quiet word' })));
  expect(found.map(({ type }) => type)).toEqual(['work.bad', 'work.done', 'work.other']);
  expect(new Set(found.map((view) => view.tags.join()))).toEqual(new Set(['quiet word']));
  await clock.run(runtime.close());
  for (const name of readdirSync(folder)) {
    expect(readFileSync(join(folder, name)).includes('quiet word')).toBe(false);
  }
});

describe('UX-2 OP-10 a filter that can not be meant is refused, and says what is wrong', () => {
  test.each<[object, string]>([
    [{ state: 'deadlettered' }, 'state must be one of accepting, inLane'],
    [{ reason: 'turn' }, 'reason must be one of lane, handler'],
    [{ subjct: 'user-1' }, 'subjct is not known; did you mean subject?'],
    [{ entity: { type: 'a' } }, 'entity.id is missing'],
    [{ sinceMs: '2030' }, 'sinceMs must be milliseconds since 1970'],
    [{ order: 'latest' }, 'order must be one of newest, oldest'],
  ])('UX-2 %o', async (query, message) => {
    const world = createWorld();
    const { runtime } = world.boot({
      handlers: HANDLERS,
      upstreams: { [UPSTREAM]: {}, closed: {} },
    });
    await world.clock.run(runtime.ready);
    const refusal = {
      code: 'HF_OPTION_INVALID',
      message: expect.stringContaining(message) as string,
    };
    await expect(world.clock.run(runtime.operations.page(query))).rejects.toMatchObject(refusal);
    expect(() => runtime.operations.list(query)).toThrow(expect.objectContaining(refusal) as Error);
    await world.clock.run(runtime.close());
  });

  test('UX-2 a page and its piece refuse the same', async () => {
    const store = createMemoryStore();
    await store.open();
    const world = createWorld();
    const wrong = pageOf(callerAtRest(store, world.clock), { limit: 1_001 });
    await expect(wrong).rejects.toMatchObject({ code: 'HF_OPTION_INVALID' });
  });
});
