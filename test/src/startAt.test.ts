/** Work that is to begin later (OP-13), on a virtual clock: its time, its lane, restarts, and clocks that are set. */

import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { holdWrite } from '../../persistence/port/review.ts';
import type { Operation, Runtime } from '../../src/index.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };
const ENTITY = { type: 'subscription', id: 'sub-1' };

interface Scene {
  readonly world: World;
  readonly process: Process;
  readonly runtime: Runtime;
  /** The payloads that the handler was called with, and when, by the wall clock. */
  readonly calls: { readonly what: unknown; readonly atMs: number }[];
}

async function started(
  options: Partial<RuntimeOptions> = {},
  { world, calls }: Pick<Scene, 'world' | 'calls'> = { world: createWorld(), calls: [] },
): Promise<Scene> {
  const process = world.boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: ({ payload }) => {
          calls.push({ what: payload, atMs: world.clock.now() });
          return null;
        },
      },
    },
    ...options,
  });
  await world.clock.run(process.runtime.ready);
  return { world, process, runtime: process.runtime, calls };
}

async function send(scene: Scene, more: Partial<SyncRequest>): Promise<Operation> {
  return await scene.world.clock.run(scene.runtime.sync({ ...REQUEST, ...more }));
}

async function viewOf({ world, runtime }: Scene, { id }: { readonly id: string }) {
  return await world.clock.run(runtime.operations.get(id).view());
}

describe('OP-13 its time', () => {
  test('OP-13 it is accepted at once, waits for that instant and says so, and begins at it', async () => {
    const scene = await started();
    const { world, runtime, calls } = scene;
    const startAtMs = world.clock.now() + HOUR_MS;
    const operation = await send(scene, { startAtMs });
    await world.clock.advance(HOUR_MS - 1_000);
    expect(calls).toEqual([]);
    const wait = { reason: 'startAt', untilAtMs: startAtMs };
    expect(await viewOf(scene, operation)).toMatchObject({ state: 'scheduled', wait });
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'healthy', waiting: { scheduled: 1, turn: 0 } });
    // It lies on disk only.
    expect(health.operations.inMemory).toBe(0);
    expect(await world.clock.run(runtime.operations.count())).toMatchObject({
      ...{ scheduled: 1, ready: 0, total: 1 },
    });
    const found = await world.clock.run(runtime.operations.page({ reason: 'startAt' }));
    expect(found.views.map(({ id }) => id)).toEqual([operation.id]);

    await world.clock.advance(2_000);
    expect(calls.map(({ atMs }) => atMs)).toEqual([startAtMs]);
    expect(await viewOf(scene, operation)).toMatchObject({ state: 'completed', wait: null });
    expect(runtime.getHealthStatus().waiting).toMatchObject({ scheduled: 0 });
  });

  test('OP-13 HM-1 while the store is held it waits for that from its instant on, and no longer for the instant', async () => {
    const scene = await started();
    const { world, process, calls } = scene;
    const operation = await send(scene, { startAtMs: world.clock.now() + HOUR_MS });
    process.kill();
    await world.clock.run(
      world.disk.commit([
        holdWrite({ reason: 'restored', sinceAtMs: world.clock.now(), seqMax: 1_000 }),
      ]),
    );
    const next = await started({}, scene);
    const reason = async (): Promise<unknown> => (await viewOf(next, operation)).wait;
    expect(await reason()).toMatchObject({ reason: 'startAt' });
    await world.clock.advance(2 * HOUR_MS);
    expect(await reason()).toMatchObject({ reason: 'start', untilAtMs: null });
    expect(calls).toEqual([]);
  });

  test('OP-13 one that is over means at once', async () => {
    const scene = await started();
    await send(scene, { startAtMs: scene.world.clock.now() - DAY_MS });
    await scene.world.clock.advance(100);
    expect(scene.calls).toHaveLength(1);
  });

  test('OP-13 it is kept over a death of its process, and begins at its time, or at once after that', async () => {
    const first = await started();
    const startAtMs = first.world.clock.now() + HOUR_MS;
    await send(first, { payload: 'later', startAtMs });
    await send(first, { payload: 'meanwhile', startAtMs: startAtMs - 30 * MINUTE_MS });
    first.process.kill();
    await first.world.clock.advance(40 * MINUTE_MS);
    const next = await started({}, first);
    await next.world.clock.advance(MINUTE_MS);
    expect(next.calls.map(({ what }) => what)).toEqual(['meanwhile']);
    await next.world.clock.advance(HOUR_MS);
    expect(next.calls.map(({ what }) => what)).toEqual(['meanwhile', 'later']);
    expect(next.calls[1]?.atMs).toBe(startAtMs);
  });

  test('OP-13 a wall clock that is set forward past it begins it within a minute', async () => {
    const scene = await started();
    await send(scene, { startAtMs: scene.world.clock.now() + DAY_MS });
    await scene.world.clock.advance(MINUTE_MS);
    scene.world.clock.setWall(2 * DAY_MS);
    await scene.world.clock.advance(MINUTE_MS + 1_000);
    expect(scene.calls).toHaveLength(1);
  });

  test('OP-13 nothing begins before it where the wall clock is set back', async () => {
    const scene = await started();
    const { clock } = scene.world;
    const startAtMs = clock.now() + HOUR_MS;
    await send(scene, { startAtMs });
    clock.setWall(-HOUR_MS);
    await clock.advance(2 * HOUR_MS - MINUTE_MS);
    expect(scene.calls).toEqual([]);
    await clock.advance(3 * MINUTE_MS);
    expect(scene.calls.map(({ atMs }) => atMs >= startAtMs)).toEqual([true]);
  });

  test('OP-13 SV-5 no watchdog takes it for work that is stuck', async () => {
    const scene = await started();
    const kinds: string[] = [];
    scene.runtime.subscribe('work.stuck', () => kinds.push('stuck'));
    await send(scene, { startAtMs: scene.world.clock.now() + 2 * DAY_MS });
    await scene.world.clock.advance(DAY_MS);
    expect(kinds).toEqual([]);
    expect(scene.runtime.getHealthStatus().overall).toBe('healthy');
  });
});

describe('OP-13 OP-4 in its lane', () => {
  test('those accepted after it wait for it, those before it go first, others pass', async () => {
    const scene = await started();
    const { clock } = scene.world;
    const startAtMs = clock.now() + HOUR_MS;
    const later = await send(scene, { entity: ENTITY, payload: 1, startAtMs });
    const behind = await send(scene, { entity: ENTITY, payload: 2 });
    const soon = startAtMs - 30 * MINUTE_MS;
    await send(scene, { entity: ENTITY, payload: 3, startAtMs: soon });
    const last = await send(scene, { entity: ENTITY, payload: 4, startAtMs: startAtMs + HOUR_MS });
    await send(scene, { payload: 'other' });
    await clock.advance(MINUTE_MS);
    expect(scene.calls.map(({ what }) => what)).toEqual(['other']);
    expect((await viewOf(scene, later)).state).toBe('scheduled');
    expect((await viewOf(scene, behind)).wait?.reason).toBe('lane');
    await clock.advance(HOUR_MS);
    expect(scene.calls.map(({ what }) => what)).toEqual(['other', 1, 2, 3]);
    expect(await viewOf(scene, last)).toMatchObject({
      ...{ state: 'scheduled', wait: { reason: 'startAt', untilAtMs: startAtMs + HOUR_MS } },
    });
    await clock.advance(HOUR_MS);
    expect(scene.calls.map(({ what }) => what)).toEqual(['other', 1, 2, 3, 4]);
  });

  test('its time until it expires is kept while it stands behind others, and after that', async () => {
    const scene = await started();
    const { clock } = scene.world;
    const nowMs = clock.now();
    await send(scene, { entity: ENTITY, startAtMs: nowMs + DAY_MS });
    const inLane = await send(scene, {
      ...{ entity: ENTITY, startAtMs: nowMs + HOUR_MS, expiresAtMs: nowMs + 2 * HOUR_MS },
    });
    await clock.advance(2 * HOUR_MS - MINUTE_MS);
    expect((await viewOf(scene, inLane)).state).toBe('inLane');
    await clock.advance(2 * MINUTE_MS);
    expect((await viewOf(scene, inLane)).state).toBe('expired');
    expect(scene.calls).toEqual([]);
  });
});

describe('OP-13 OP-5 meanwhile', () => {
  test('retryNow() begins it at once, and lets go those behind it', async () => {
    const scene = await started();
    const startAtMs = scene.world.clock.now() + HOUR_MS;
    const later = await send(scene, { entity: ENTITY, startAtMs });
    await send(scene, { entity: ENTITY });
    await scene.world.clock.run(later.retryNow());
    await scene.world.clock.advance(1_000);
    expect(scene.calls).toHaveLength(2);
    await scene.world.clock.advance(2 * HOUR_MS);
    expect(scene.calls).toHaveLength(2);
  });

  test('cancel() ends it, and lets go those behind it', async () => {
    const scene = await started();
    const later = await send(scene, {
      ...{ entity: ENTITY, payload: 1, startAtMs: scene.world.clock.now() + HOUR_MS },
    });
    await send(scene, { entity: ENTITY, payload: 2 });
    await scene.world.clock.run(later.cancel());
    await scene.world.clock.advance(2 * HOUR_MS);
    expect(scene.calls.map(({ what }) => what)).toEqual([2]);
    expect((await viewOf(scene, later)).state).toBe('cancelled');
  });

  test('where the clock is set past both its start and its expiry, it has expired', async () => {
    const scene = await started();
    const nowMs = scene.world.clock.now();
    const it = await send(scene, { startAtMs: nowMs + HOUR_MS, expiresAtMs: nowMs + 2 * HOUR_MS });
    scene.world.clock.setWall(DAY_MS);
    await scene.world.clock.advance(2 * MINUTE_MS);
    expect((await viewOf(scene, it)).state).toBe('expired');
    expect(scene.calls).toEqual([]);
  });

  test('it expires as ever where it has begun to wait for its turn and that does not come', async () => {
    const scene = await started();
    scene.runtime.upstream('default').forceOpen('maintenance');
    const nowMs = scene.world.clock.now();
    const it = await send(scene, { startAtMs: nowMs + HOUR_MS, expiresAtMs: nowMs + 2 * HOUR_MS });
    await scene.world.clock.advance(HOUR_MS + MINUTE_MS);
    expect(await viewOf(scene, it)).toMatchObject({
      state: 'waiting',
      wait: { reason: 'operator' },
    });
    await scene.world.clock.advance(HOUR_MS);
    expect((await viewOf(scene, it)).state).toBe('expired');
  });

  test('OP-7 a handler that is gone at its time is waited for', async () => {
    const first = await started();
    const it = await send(first, { startAtMs: first.world.clock.now() + HOUR_MS });
    await first.world.clock.run(first.runtime.close());
    const next = await started({ handlers: {} }, first);
    await next.world.clock.advance(MINUTE_MS);
    expect((await viewOf(next, it)).state).toBe('scheduled');
    await next.world.clock.advance(HOUR_MS);
    expect((await viewOf(next, it)).state).toBe('handlerMissing');
  });

  test('OP-8 a repeat by its key is the one that waits, whatever start it names', async () => {
    const scene = await started();
    const startAtMs = scene.world.clock.now() + HOUR_MS;
    const one = await send(scene, { idempotencyKey: 'key-1', startAtMs });
    const again = await send(scene, { idempotencyKey: 'key-1' });
    expect(again.id).toBe(one.id);
    await scene.world.clock.advance(MINUTE_MS);
    expect(scene.calls).toEqual([]);
  });
});

test('OP-13 many at once wait for their own times', async () => {
  const scene = await started();
  const { clock } = scene.world;
  const nowMs = clock.now();
  const requests = Array.from({ length: 600 }, (_, at) => ({
    ...REQUEST,
    payload: at,
    ...(at % 2 === 0 ? { startAtMs: nowMs + HOUR_MS } : {}),
  }));
  await clock.run(scene.runtime.syncAll(requests));
  await clock.advance(10 * MINUTE_MS);
  expect(scene.calls).toHaveLength(300);
  expect(scene.runtime.getHealthStatus().waiting).toMatchObject({ scheduled: 300, turn: 0 });
  await clock.advance(HOUR_MS);
  expect(scene.calls).toHaveLength(600);
  expect(scene.calls.slice(300).every(({ atMs }) => atMs >= nowMs + HOUR_MS)).toBe(true);
});

test('OP-13 a start after its expiry is refused, and nothing is stored', async () => {
  const { runtime, world } = await started();
  const nowMs = world.clock.now();
  const request = { ...REQUEST, startAtMs: nowMs + 2, expiresAtMs: nowMs + 1 };
  await expect(world.clock.run(runtime.sync(request))).rejects.toMatchObject({
    ...{ code: 'HF_REQUEST_INVALID', field: 'startAtMs' },
  });
  expect(await world.clock.run(runtime.operations.count())).toMatchObject({ total: 0 });
});

test('OP-13 CR-4 nothing delays a crisis, however it comes', async () => {
  const kinds: unknown[] = [];
  const calls: string[] = [];
  const scene = await started({
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: ({ operationId }) => {
          calls.push(operationId);
          return null;
        },
      },
    },
  });
  scene.runtime.subscribe('crisis.mended', ({ fieldsLeftOut }) => kinds.push(fieldsLeftOut));
  const startAtMs = scene.world.clock.now() + HOUR_MS;
  await scene.world.clock.run(
    scene.runtime.sync({ ...REQUEST, type: 'crisis.alert', priority: 'crisis', startAtMs }),
  );
  await scene.world.clock.advance(1_000);
  expect(calls).toHaveLength(1);
  expect(kinds).toEqual([1]);
});
