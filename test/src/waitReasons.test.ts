import { describe, expect, test } from 'vitest';
import {
  conflictFailure,
  type Handler,
  type Operation,
  permanentFailure,
  type Runtime,
  transientFailure,
} from '../../src/index.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const TYPE = 'payments.push';
const REQUEST = { type: TYPE, subject: 'user-42', tier: 'premium' } as const;

interface Scene {
  readonly world: World;
  readonly process: Process;
  readonly runtime: Runtime;
  /** What the handler does from now on. */
  readonly does: (run: Handler['run']) => void;
}

const hang: Handler['run'] = () => new Promise<null>(() => undefined);

async function started(
  options: Partial<RuntimeOptions> = {},
  world = createWorld(),
): Promise<Scene> {
  let run: Handler['run'] = () => null;
  const process = world.boot({
    upstreams: { payments: {} },
    handlers: { [TYPE]: { upstream: 'payments', run: (attempt) => run(attempt) } },
    ...options,
  });
  await world.clock.run(process.runtime.ready);
  const does = (next: Handler['run']): void => {
    run = next;
  };
  return { world, process, runtime: process.runtime, does };
}

async function send({ world, runtime }: Scene, more: object = {}) {
  return await world.clock.run(runtime.sync({ ...REQUEST, ...more }));
}

describe('HM-1 why an operation waits', () => {
  test('HM-1 CB-1 its upstream is held by somebody, in its view, lists and health, and at rest it is the start', async () => {
    const scene = await started();
    const { world, runtime, process } = scene;
    runtime.upstream('payments').forceOpen('maintenance');
    await world.clock.advance(0);
    const operation = await send(scene);
    const atMs = world.clock.now();
    await world.clock.advance(60_000);
    const wait = { reason: 'operator', sinceAtMs: expect.any(Number) as number, untilAtMs: null };
    const view = await world.clock.run(operation.view());
    expect(view).toMatchObject({ state: 'waiting', wait });
    expect(Math.abs((view.wait?.sinceAtMs ?? 0) - atMs)).toBeLessThan(500);
    const { views } = await world.clock.run(runtime.operations.page());
    expect(views).toMatchObject([{ wait }]);
    const health = runtime.getHealthStatus();
    expect(health.upstreams['payments']).toMatchObject({
      breaker: 'forcedOpen',
      waits: { reason: 'operator', untilAtMs: null },
      hold: { kind: 'forcedOpen', reason: 'maintenance' },
    });
    expect(health.waiting).toMatchObject({ turn: 1, inLane: 0, conflicted: 0 });

    await world.clock.run(runtime.close());
    const row = await process.store.find(operation.id).catch(() => null);
    expect(row).toBeNull();
    const next = await started({ handlers: {} }, world);
    await world.clock.advance(1_000);
    const again = await world.clock.run(next.runtime.operations.get(operation.id).view());
    expect(again.wait?.reason).toBe('handler');
  });

  test('HM-1 CB-2 its upstream is down, until the next probe; how long recoveries took is told', async () => {
    const scene = await started();
    const { world, runtime, does } = scene;
    does(() => {
      throw transientFailure('Not now.', { status: 503, notApplied: true });
    });
    const sent = await Promise.all(Array.from({ length: 12 }, () => send(scene)));
    for (let step = 0; step < 200; step += 1) {
      if (runtime.getHealthStatus().upstreams['payments']?.breaker === 'open') break;
      await world.clock.advance(500);
    }
    const { upstreams } = runtime.getHealthStatus();
    expect(upstreams['payments']).toMatchObject({
      breaker: 'open',
      nextTryAtMs: expect.any(Number) as number,
      downSinceAtMs: expect.any(Number) as number,
      waits: { reason: 'breaker', untilAtMs: expect.any(Number) as number },
      recovery: { times: 0, meanMs: 0 },
    });
    does(() => null);
    for (const { outcome } of sent)
      expect((await world.clock.run(outcome)).status).toBe('completed');
    const after = runtime.getHealthStatus().upstreams['payments'];
    expect(after).toMatchObject({ breaker: 'closed', downSinceAtMs: null, waits: null });
    expect(after?.recovery.times).toBeGreaterThan(0);
    expect(after?.recovery.meanMs).toBeGreaterThan(0);
  });

  test('HM-1 OP-4 OP-7 RT-1 its lane, its backoff, its handler, a person: each with its own reason', async () => {
    const scene = await started();
    const { world, runtime, does } = scene;
    const entity = (id: string) => ({ entity: { type: 'account', id } });
    does(hang);
    const runs = await send(scene, entity('a1'));
    await world.clock.advance(100);
    const behind = await send(scene, entity('a1'));
    does(() => {
      throw transientFailure('Not now.', { status: 500 });
    });
    const fails = await send(scene);
    await world.clock.advance(50);
    does(() => {
      throw conflictFailure('Another version.');
    });
    const conflicts = await send(scene);
    await world.clock.advance(50);
    const reasonOf = async (operation: Operation) =>
      (await world.clock.run(operation.view())).wait?.reason;
    expect(await reasonOf(runs)).toBeUndefined();
    expect(await reasonOf(behind)).toBe('lane');
    expect(await reasonOf(fails)).toBe('backoff');
    expect(await reasonOf(conflicts)).toBe('conflict');
    const { wait, retryAtMs } = await world.clock.run(fails.view());
    expect(wait?.untilAtMs).toBe(retryAtMs);
    does(hang);
    await world.clock.advance(700);
    expect(runtime.getHealthStatus().waiting).toMatchObject({ inLane: 1, conflicted: 1 });
  });

  test('HM-1 OP-4 OP-5 its lane, where a person brought it back behind others of its entity', async () => {
    const scene = await started();
    const { world, runtime, does } = scene;
    const entity = { entity: { type: 'account', id: 'a1' } };
    does(() => {
      throw permanentFailure('Never.');
    });
    const refused = await send(scene, entity);
    await world.clock.run(refused.outcome);
    does(hang);
    await send(scene, entity);
    await world.clock.advance(100);
    await world.clock.run(runtime.deadLetters.replay(refused.id));
    await world.clock.advance(1_000);

    const wait = { reason: 'lane', sinceAtMs: expect.any(Number) as number, untilAtMs: null };
    const view = await world.clock.run(runtime.operations.get(refused.id).view());
    expect(view).toMatchObject({ state: 'replayed', wait });
    const { views } = await world.clock.run(runtime.operations.page({ reason: 'lane' }));
    expect(views.map(({ id }) => id)).toEqual([refused.id]);
    expect(runtime.getHealthStatus().waiting).toMatchObject({ inLane: views.length, turn: 0 });
  });

  test('HM-1 OP-6 every slot is taken', async () => {
    const scene = await started({ upstreams: { payments: { concurrency: 1 } } });
    const { world, does } = scene;
    does(hang);
    await send(scene);
    const waits = await send(scene);
    await world.clock.advance(100);
    const { wait } = await world.clock.run(waits.view());
    expect(['slot', 'ramp']).toContain(wait?.reason);
  });
});
