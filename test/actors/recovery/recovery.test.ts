/** Reading back what waits, while the disk is slow, sick or busy. */

import { describe, expect, test } from 'vitest';
import { untilDone } from '../../../actors/journal/background.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { LaneSweep, sweepLanes } from '../../../actors/recovery/recovery.ts';
import { StaleReadGuard } from '../../../actors/work/staleReads.ts';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Store } from '../../../persistence/port/store.ts';
import type { Runtime } from '../../../src/runtime.ts';
import type { FaultyStore } from '../../../src/simulator/disk/faultyStore.ts';
import { createWorld, type World } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'late.push', subject: 'user-42', tier: 'basic' } as const;

/** Counts the reads of a process that its store answers or refuses. */
function countReads(store: FaultyStore): { count: number } {
  const reads = { count: 0 };
  const { readFails } = store.faults;
  store.faults.readFails = () => {
    reads.count += 1;
    return readFails();
  };
  return reads;
}

/** A machine on whose disk many operations wait; the process that took them is dead. */
async function worldWithParked(count: number, expiresInMs?: number): Promise<World> {
  const world = createWorld();
  const first = world.boot({ handlers: { 'late.push': { upstream: 'default', run: () => null } } });
  await world.clock.run(first.runtime.ready);
  first.runtime.upstream('default').forceOpen('maintenance');
  const expiresAtMs = expiresInMs === undefined ? undefined : world.clock.now() + expiresInMs;
  const accepted = Array.from({ length: count }, () =>
    first.runtime.sync({ ...REQUEST, expiresAtMs }),
  );
  await world.clock.run(Promise.all(accepted));
  first.kill();
  return world;
}

async function completed(runtime: Runtime, count: number, { clock }: World): Promise<void> {
  await clock.advanceUntil(() => runtime.getHealthStatus().operations.completed === count);
}

describe('PS-6 while writes fail nobody asks for the same rows again and again', () => {
  test('PS-6 OP-7 those of a handler that is registered', async () => {
    const world = await worldWithParked(200);
    const second = world.boot();
    await world.clock.run(second.runtime.ready);
    second.runtime.upstream('default').release();
    // They find out that they have no handler, and wait for one.
    await world.clock.advance(60_000);
    second.store.faults.fate = () => 'failsUnwritten';
    const reads = countReads(second.store);
    void second.runtime.handle('late.push', { upstream: 'default', run: () => null });
    await world.clock.advance(60_000);
    expect(reads.count).toBeLessThan(20);
    second.store.faults.fate = () => 'works';
    await completed(second.runtime, 200, world);
  });

  test('PS-6 OP-5 those that have expired', async () => {
    const world = await worldWithParked(200, 60_000);
    const second = world.boot();
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(30_000);
    second.store.faults.fate = () => 'failsUnwritten';
    const reads = countReads(second.store);
    await world.clock.advance(60_000);
    expect(reads.count).toBeLessThan(20);
    second.store.faults.fate = () => 'works';
    await world.clock.advanceUntil(
      () => second.runtime.getHealthStatus().operations.expired === 200,
    );
  });
});

test('PS-6 what failed is written though another write is the first to find the disk well again', async () => {
  const world = createWorld();
  const run = async (): Promise<null> => {
    await new Promise<void>((resolve) => {
      world.clock.schedule(100, resolve);
    });
    return null;
  };
  const { runtime, store } = world.boot({
    handlers: { 'late.push': { upstream: 'default', run } },
  });
  await world.clock.run(runtime.ready);
  await world.clock.advance(5_000);
  await world.clock.run(Promise.all(Array.from({ length: 20 }, () => runtime.sync(REQUEST))));
  // The disk fails until old operations are purged, 10 s after the start; what failed is not tried again just then.
  let isWell = false;
  store.faults.fate = (writes) => {
    isWell ||= writes.some(({ kind }) => kind === 'purgeSettled');
    return isWell ? 'works' : 'failsUnwritten';
  };
  await world.clock.advance(4_900);
  const { storage, operations } = runtime.getHealthStatus();
  expect([storage.state, isWell]).toEqual(['failing', false]);
  expect(operations.completed).toBeLessThan(20);
  await world.clock.advance(10_000);
  expect(runtime.getHealthStatus()).toMatchObject({
    storage: { state: 'well' },
    operations: { completed: 20, inMemory: 0 },
  });
});

test('PS-6 while reads fail claims come seldom, and go on when the disk is well again', async () => {
  const world = await worldWithParked(10);
  const second = world.boot({
    handlers: { 'late.push': { upstream: 'default', run: () => null } },
  });
  await world.clock.run(second.runtime.ready);
  // What else a start reads is read by then.
  await world.clock.advance(10);
  second.runtime.upstream('default').release();
  second.store.faults.readFails = () => true;
  const reads = countReads(second.store);
  await world.clock.advance(60_000);
  // Of them 24 are of the counts that health shows, every 5 s.
  expect(reads.count).toBeLessThan(60);
  second.store.faults.readFails = () => false;
  await completed(second.runtime, 10, world);
});

test('PS-6 what a sick disk made fail is done again until it is done, and told of once', async () => {
  const { clock } = createWorld();
  const errors: unknown[] = [];
  const timers = new TimerService(clock, (error) => errors.push(error));
  let tries = 0;
  const done = untilDone(
    { clock, timers },
    async () => {
      tries += 1;
      if (tries < 4) throw new HoldfastError('HF_STORE_IO', 'The disk failed.');
    },
    (error) => errors.push(error),
  );
  // Pauses of 100, 200 and 400 ms.
  await clock.advance(699);
  expect(tries).toBe(3);
  await clock.advance(1);
  await clock.run(done);
  expect([tries, errors.length]).toEqual([4, 1]);
});

test('SE-6 PS-6 lanes are swept once the disk answers, where it failed to', async () => {
  const { clock } = createWorld();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  let answers = 0;
  const store = {
    freedHeads: () => {
      answers += 1;
      if (answers < 3) return Promise.reject(new Error('The disk failed.'));
      return Promise.resolve({ rows: [], nextAfterSeq: null });
    },
  };
  const pool = { staleReads: new StaleReadGuard() };
  const parts = { clock, timers: new TimerService(clock, onError), store, pool };
  new LaneSweep(parts as never, onError).soon();
  await clock.advance(60_000);
  expect([answers, errors.length]).toEqual([3, 1]);
});

test('OP-4 PS-6 a sweep wakes no head of a lane from a row that was read before it was written again', async () => {
  const { clock } = createWorld();
  const staleReads = new StaleReadGuard();
  const woken: string[] = [];
  const headOf = (seq: number, revision: number) => ({ seq, id: `head-${seq}`, revision });
  const pages = [
    [headOf(4, 1), headOf(7, 1), headOf(9, 1)],
    [headOf(7, 2), headOf(9, 1)],
  ];
  const asked: number[] = [];
  const store = {
    freedHeads: ({ afterSeq }: { afterSeq: number }) => {
      asked.push(afterSeq);
      // While the answer is on its way one is woken by the ending before it, written, and leaves memory.
      if (asked.length === 1) staleReads.note(headOf(7, 2));
      // Another was accepted into its lane and left memory: its row is as it was written.
      if (asked.length === 1) staleReads.note(headOf(9, 1));
      return Promise.resolve({ rows: pages[asked.length - 1], nextAfterSeq: null });
    },
  };
  const dispatcher = {
    laneFreed: ({ id, revision }: { id: string; revision: number }) => {
      woken.push(`${id} ${revision}`);
    },
  };
  const timers = new TimerService(clock, () => undefined);
  const journal = { written: () => Promise.resolve(true) };
  await clock.run(
    sweepLanes({ clock, timers, journal, store, pool: { dispatcher, staleReads } } as never),
  );
  expect(asked).toEqual([0, 6]);
  expect(woken).toEqual(['head-4 1', 'head-9 1', 'head-7 2', 'head-9 1']);
});

test('OP-5 SC-1 a cancel is answered though the disk is never idle', async () => {
  const world = createWorld();
  let isBusy = true;
  const { runtime, store } = world.boot({
    handlers: { 'late.push': { upstream: 'default', run: () => null } },
    upstreams: { down: {} },
  });
  await world.clock.run(runtime.ready);
  await world.clock.run(runtime.handle('down.push', { upstream: 'down', run: () => null }));
  runtime.upstream('down').forceOpen('maintenance');
  const parked = await world.clock.run(runtime.sync({ ...REQUEST, type: 'down.push' }));
  store.faults.delayMs = () => 5;
  // Each operation begins before the one before it has ended, so that a commit is always under way.
  const keepBusy = (): void => {
    if (!isBusy) return;
    void runtime.sync(REQUEST);
    world.clock.schedule(2, keepBusy);
  };
  keepBusy();
  await world.clock.advance(50);
  await world.clock.run(parked.cancel(), 10_000);
  isBusy = false;
  expect((await world.clock.run(parked.outcome)).status).toBe('cancelled');
});

describe('SC-1 a page of a listing is bounded', () => {
  test.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1_001 }, 'limit'],
    [{ limit: 2.5 }, 'limit'],
    [{ limit: Number.NaN }, 'limit'],
    [{ afterSeq: -1 }, 'afterSeq'],
    [{ afterSeq: 0.5 }, 'afterSeq'],
  ])('UX-2 %o is refused', async (query, field) => {
    const { clock, boot } = createWorld();
    const { runtime } = boot();
    const refused = runtime.operations.page(query);
    await expect(clock.run(refused)).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field });
  });
});

describe('SE-6 every record is opened after a start', () => {
  test('SE-6 PS-3 in slices behind the work, and health tells how far it is', async () => {
    const world = await worldWithParked(100);
    const second = world.boot();
    expect(second.runtime.getHealthStatus().storeCheck).toMatchObject({ state: 'notStarted' });
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(10_000);
    expect(second.runtime.getHealthStatus().storeCheck).toMatchObject({
      state: 'done',
      checked: 100,
      share: 1,
    });
  });

  test('SE-4 OP-8 all are looked for by their keys before any is opened', async () => {
    const world = await worldWithParked(100);
    const { runtime, store } = world.boot();
    const asked: string[] = [];
    for (const question of ['checkKeys', 'check', 'strays'] as const) {
      const ask = store[question].bind(store) as (query: never) => Promise<unknown>;
      Object.assign(store, {
        [question]: async (query: never) => {
          asked.push(question);
          return await ask(query);
        },
      });
    }
    await world.clock.run(runtime.ready);
    await world.clock.advance(10_000);
    expect(asked[0]).toBe('checkKeys');
    expect(asked).toContain('check');
  });

  test('SE-6 PS-6 it waits while the disk fails, and goes on', async () => {
    const world = await worldWithParked(100);
    const second = world.boot();
    const check = second.store.check.bind(second.store);
    let asked = 0;
    Object.assign(second.store, {
      check: async (query: Parameters<Store['check']>[0]) => {
        asked += 1;
        if (asked < 4)
          throw new HoldfastError('HF_STORE_IO', 'The disk failed, as the test wanted.');
        return await check(query);
      },
    });
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(100);
    expect(second.runtime.getHealthStatus().storeCheck).toMatchObject({ state: 'running' });
    await world.clock.advance(10_000);
    expect(second.runtime.getHealthStatus().storeCheck).toMatchObject({ state: 'done' });
    expect(asked).toBe(4);
  });
});

test('CB-2 a breaker that is half open asks the disk for nothing while there is no work', async () => {
  const world = createWorld();
  const { runtime, store } = world.boot({
    handlers: {
      'late.push': {
        upstream: 'default',
        run: () => {
          throw transientFailure('The upstream is down.');
        },
      },
    },
    upstreams: { default: { breaker: { consecutiveFailuresToOpen: 1 } } },
  });
  const operation = await world.clock.run(runtime.sync(REQUEST));
  await world.clock.advanceUntil(() => runtime.upstream('default').breaker === 'open');
  await world.clock.run(operation.cancel());
  await world.clock.advanceUntil(() => runtime.upstream('default').breaker === 'halfOpen');
  await world.clock.advance(1_000);
  const reads = countReads(store);
  await world.clock.advance(60_000);
  expect(reads.count).toBeLessThan(5);
});

test('SV-3 after a crash the most urgent goes first, whether it was in flight or waited', async () => {
  const world = createWorld();
  const began: string[] = [];
  const handlers = {
    'late.push': {
      upstream: 'default',
      run: async ({ subject }: { readonly subject: string }) => {
        began.push(subject);
        await new Promise<void>((resolve) => {
          world.clock.schedule(1_000, resolve);
        });
        return null;
      },
    },
  };
  const first = world.boot({ handlers, upstreams: { default: { concurrency: 2 } } });
  for (const priority of ['low', 'high', 'normal'] as const) {
    await world.clock.run(
      first.runtime.sync({ type: 'late.push', subject: priority, tier: 'basic', priority }),
    );
  }
  expect(began).toEqual(['low', 'high']);
  first.kill();
  began.length = 0;
  const second = world.boot({ handlers, upstreams: { default: { concurrency: 1 } } });
  await world.clock.run(second.runtime.ready);
  await completed(second.runtime, 3, world);
  expect(began).toEqual(['high', 'normal', 'low']);
});
