import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import type { Store } from '../../persistence/port/store.ts';
import type { Runtime } from '../../src/runtime.ts';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { createWorld, createWorldOnFile, type World } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const COUNT = 12;
const CONCURRENCY = 3;
const UPSTREAMS = {
  old: { concurrency: CONCURRENCY },
  next: { concurrency: CONCURRENCY },
};

const answer = (): Json => null;
const down = (): never => {
  throw transientFailure('It is down.', { status: 503 });
};
const to = (upstream: string, run: (attempt: Attempt) => Json | Promise<Json>): Handler => ({
  upstream,
  run,
});

async function submit({ clock }: World, runtime: Runtime, count = COUNT): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push((await clock.run(runtime.sync({ ...REQUEST, subject: `user-${n}` }))).id);
  }
  return ids;
}

async function statesOf({ clock }: World, runtime: Runtime, ids: readonly string[]) {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const { state } = await clock.run(runtime.operations.get(id).view());
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** At idle as many permits are out as attempts run: none. */
function expectNoPermitOut(runtime: Runtime): void {
  expect(runtime.getHealthStatus().operations.attemptsRunning).toBe(0);
  for (const name of Object.keys(UPSTREAMS)) expect(runtime.upstream(name).inFlight).toBe(0);
}

/** Rows as an earlier version wrote them: their route is the name of their upstream. */
function routedByUpstream(disk: Store, upstream: string): { isOld: boolean } {
  const old = { isOld: true };
  const commit = disk.commit.bind(disk);
  disk.commit = async (writes) =>
    await commit(
      writes.map((write) =>
        old.isOld && 'route' in write && write.route.startsWith('type:')
          ? { ...write, route: upstream }
          : write,
      ),
    );
  return old;
}

describe.each([
  { title: 'in memory', residentsMax: 1_000 },
  { title: 'on disk', residentsMax: 1 },
])('OP-7 a type whose operations wait $title', ({ residentsMax }) => {
  test('OP-7 moves to another upstream at once, though the old one is down', async () => {
    const world = createWorld();
    const { clock } = world;
    const { runtime } = world.boot({
      residentsMax,
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('old', down) },
    });
    await clock.run(runtime.ready);
    runtime.upstream('old').forceOpen('maintenance');
    const ids = await submit(world, runtime);
    await clock.advance(60_000);
    await clock.run(runtime.handle(REQUEST.type, to('next', answer)));
    await clock.advance(2_000);
    expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
    expectNoPermitOut(runtime);
  });

  test('OP-7 SV-3 moves over a restart, though the old upstream is still there and down', async () => {
    const world = createWorld();
    const { clock } = world;
    const first = world.boot({
      residentsMax,
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('old', down) },
    });
    await clock.run(first.runtime.ready);
    first.runtime.upstream('old').forceOpen('maintenance');
    const ids = await submit(world, first.runtime);
    first.kill();
    const { runtime } = world.boot({
      residentsMax,
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('next', answer) },
    });
    await clock.advance(2_000);
    expect(runtime.upstream('old').breaker).toBe('forcedOpen');
    expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
    expectNoPermitOut(runtime);
  });

  test('OP-7 nothing of a handler is called that was replaced, but what runs', async () => {
    const world = createWorld();
    const { clock } = world;
    let isReplaced = false;
    const calls = { before: 0, after: 0, anew: 0 };
    const slow = async (): Promise<Json> => {
      calls[isReplaced ? 'after' : 'before'] += 1;
      await new Promise<void>((resolve) => {
        clock.schedule(9_000, resolve);
      });
      return null;
    };
    const { runtime } = world.boot({
      residentsMax,
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('old', slow) },
    });
    const ids = await submit(world, runtime);
    await clock.advance(100);
    const replaced = runtime.handle(
      REQUEST.type,
      to('old', () => {
        calls.anew += 1;
        return null;
      }),
    );
    isReplaced = true;
    await clock.run(replaced);
    await clock.advance(60_000);
    expect(calls).toEqual({ before: CONCURRENCY, after: 0, anew: COUNT - CONCURRENCY });
    expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
    expectNoPermitOut(runtime);
  });
});

test('OP-7 RT-4 what had its turn when its type moved runs there, and spends nothing', async () => {
  const world = createWorld();
  const { clock } = world;
  const { runtime, store } = world.boot({
    upstreams: UPSTREAMS,
    handlers: { [REQUEST.type]: to('old', down) },
  });
  await clock.run(runtime.ready);
  const numbers: number[] = [];
  // It has its permit and is being written.
  store.faults.delayMs = () => 50;
  const accepted = runtime.sync(REQUEST);
  await clock.advance(10);
  await clock.run(
    runtime.handle(
      REQUEST.type,
      to('next', ({ number }) => {
        numbers.push(number);
        return null;
      }),
    ),
  );
  const { outcome } = await clock.run(accepted);
  expect((await clock.run(outcome, 60_000)).status).toBe('completed');
  expect(numbers).toEqual([1]);
  expectNoPermitOut(runtime);

  // Where the other upstream is down it waits for that, with its attempt unspent.
  runtime.upstream('old').forceOpen('maintenance');
  const waiting = runtime.sync(REQUEST);
  await clock.advance(10);
  await clock.run(runtime.handle(REQUEST.type, to('old', answer)));
  const { id } = await clock.run(waiting);
  await clock.advance(1_000);
  const view = await clock.run(runtime.operations.get(id).view());
  expect([view.state, view.failure]).toEqual(['waiting', null]);
  runtime.upstream('old').release();
  expect((await clock.run(runtime.operations.get(id).outcome, 60_000)).status).toBe('completed');
  expectNoPermitOut(runtime);
});

describe('OP-7 rows that stand under the name of an upstream', () => {
  test('OP-7 PS-4 go on under the handler that is registered now', async () => {
    const disk = createMemoryStore();
    const old = routedByUpstream(disk, 'old');
    const world = createWorld(1, disk);
    const { clock } = world;
    const first = world.boot({
      residentsMax: 1,
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('old', down) },
    });
    await clock.run(first.runtime.ready);
    first.runtime.upstream('old').forceOpen('maintenance');
    const ids = await submit(world, first.runtime);
    first.kill();
    old.isOld = false;
    const { runtime } = world.boot({
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('next', answer) },
    });
    await clock.advance(10_000);
    expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
    expectNoPermitOut(runtime);
  });

  test('OP-7 PS-4 are claimed by that upstream where nothing has moved', async () => {
    const disk = createMemoryStore();
    const old = routedByUpstream(disk, 'old');
    const world = createWorld(1, disk);
    const first = world.boot({
      residentsMax: 1,
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('old', down) },
    });
    await world.clock.run(first.runtime.ready);
    first.runtime.upstream('old').forceOpen('maintenance');
    const ids = await submit(world, first.runtime);
    await world.clock.run(first.runtime.close());
    first.kill();
    old.isOld = false;
    const { runtime } = world.boot({
      upstreams: UPSTREAMS,
      handlers: { [REQUEST.type]: to('old', answer) },
    });
    await world.clock.run(runtime.ready);
    runtime.upstream('old').release();
    await world.clock.advance(10_000);
    expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
    expectNoPermitOut(runtime);
  });
});

test('OP-7 a function given with a request is called where it was sent, whatever its type does', async () => {
  const world = createWorld();
  const { clock } = world;
  const { runtime } = world.boot({
    residentsMax: 1,
    upstreams: UPSTREAMS,
    handlers: { [REQUEST.type]: to('old', down) },
  });
  await clock.run(runtime.ready);
  runtime.upstream('next').forceOpen('maintenance');
  const called: string[] = [];
  const request = { type: REQUEST.type, tier: 'premium', upstream: 'next' } as const;
  const answered = Array.from({ length: COUNT }, (_, n) =>
    runtime.executeResilientSync(request, `user-${n}`, ({ subject }) => {
      called.push(subject);
      return null;
    }),
  );
  await clock.run(Promise.all(answered), 60_000);
  await clock.run(runtime.handle(REQUEST.type, to('old', answer)));
  expect(called).toEqual([]);
  runtime.upstream('next').release();
  await clock.advance(60_000);
  expect(called).toHaveLength(COUNT);
  expectNoPermitOut(runtime);
});

test('OP-7 work whose type has no handler after a restart is shown as waiting for it, and goes on', async () => {
  const world = createWorld();
  const { clock } = world;
  const first = world.boot({
    residentsMax: 1,
    upstreams: UPSTREAMS,
    handlers: { [REQUEST.type]: to('old', down) },
  });
  await clock.run(first.runtime.ready);
  first.runtime.upstream('old').forceOpen('maintenance');
  const ids = await submit(world, first.runtime);
  await clock.run(first.runtime.close());
  first.kill();
  const { runtime } = world.boot({ upstreams: UPSTREAMS });
  await clock.advance(5_000);
  expect(await statesOf(world, runtime, ids)).toEqual({ handlerMissing: COUNT });
  await clock.run(runtime.handle(REQUEST.type, to('next', answer)));
  await clock.advance(5_000);
  expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
  expectNoPermitOut(runtime);
});

test.each([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32])(
  'OP-7 SV-3 a handler that is registered %i steps into a start takes over what waits on disk',
  async (steps) => {
    const world = createWorld();
    const { clock } = world;
    const first = world.boot({
      upstreams: UPSTREAMS,
      handlers: { 'payments.push': to('old', down) },
    });
    const ids = await submit(world, first.runtime);
    await clock.advance(2_000);
    first.kill();
    const { runtime } = world.boot({ upstreams: UPSTREAMS });
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    void runtime.handle('payments.push', to('next', answer));
    await clock.advance(120_000);
    expect(await statesOf(world, runtime, ids)).toEqual({ completed: COUNT });
    expectNoPermitOut(runtime);
  },
);

test('OP-6 OP-7 in a file too, an upstream that is renamed takes over what waited, and loses no slot', async () => {
  const folder = tempFolder();
  const before = createWorldOnFile(1, inThreadStore(folder));
  const first = before.boot({
    upstreams: { gone: { concurrency: CONCURRENCY } },
    handlers: { [REQUEST.type]: to('gone', async () => await new Promise<never>(() => undefined)) },
  });
  const ids = await submit(before, first.runtime);
  await before.clock.run(first.runtime.close({ deadlineMs: 10 }));
  const world = createWorldOnFile(2, inThreadStore(folder));
  const { runtime } = world.boot({
    upstreams: UPSTREAMS,
    handlers: { [REQUEST.type]: to('next', answer) },
  });
  for (const id of ids) {
    const { outcome } = runtime.operations.get(id);
    expect((await world.clock.run(outcome, 600_000)).status).toBe('completed');
  }
  expectNoPermitOut(runtime);
  await world.clock.run(runtime.close());
});
