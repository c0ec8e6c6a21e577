/** The bound on what waits (OP-6). */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roomKeptFrom } from '../../../machines/policy/flow/flowPolicy.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { createWorld, type World } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const HANDLERS = { 'payments.push': { upstream: 'default', run: () => null } };

interface Scene extends World {
  readonly runtime: Runtime;
}

/** A runtime whose upstream is held off, so that everything waits. */
async function blocked(operationsMax: number): Promise<Scene> {
  const world = createWorld();
  const { runtime } = world.boot({ handlers: HANDLERS, operationsMax });
  await world.clock.run(runtime.ready);
  runtime.upstream('default').forceOpen('maintenance');
  return { ...world, runtime };
}

async function trySync(scene: Scene, request: Partial<SyncRequest> = {}): Promise<string> {
  const accepted = scene.runtime.sync({ ...REQUEST, ...request });
  return await scene.clock.run(
    accepted.then(
      ({ id }) => id,
      (error: { code: string }) => error.code,
    ),
  );
}

async function waiting({ disk }: World): Promise<number> {
  const { inHand, due, held } = await disk.counts();
  return inHand + due + held;
}

describe('OP-6 the queue is bounded', () => {
  test('OP-6 UX-2 beyond the bound sync() says so, when to come back, and stores nothing', async () => {
    const scene = await blocked(3);
    for (let n = 0; n < 3; n += 1) expect(await trySync(scene)).toMatch(/-/);
    const refused = scene.runtime.sync(REQUEST);
    await expect(scene.clock.run(refused)).rejects.toMatchObject({
      code: 'HF_QUEUE_FULL',
      retry: 'later',
      message: expect.stringContaining('operationsMax'),
    });
    expect(await waiting(scene)).toBe(3);
  });

  test('PS-6 OP-6 where the room can not be read, that is no reason to give the request up', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({ handlers: HANDLERS });
    await clock.run(runtime.ready);
    store.faults.readFails = () => true;
    await expect(clock.run(runtime.sync(REQUEST))).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      retry: 'later',
      message: expect.stringContaining('The request was not accepted'),
    });
    store.faults.readFails = () => false;
    await clock.run(runtime.sync(REQUEST));
  });

  test('OP-6 requests that come at once are counted as well', async () => {
    const scene = await blocked(10);
    const answers = await Promise.all(Array.from({ length: 50 }, () => trySync(scene)));
    expect(answers.filter((answer) => answer === 'HF_QUEUE_FULL')).toHaveLength(40);
    expect(await waiting(scene)).toBe(10);
  });

  test('OP-6 what ends makes room', async () => {
    const scene = await blocked(2);
    const id = await trySync(scene);
    await trySync(scene);
    expect(await trySync(scene)).toBe('HF_QUEUE_FULL');
    await scene.clock.run(scene.runtime.operations.get(id).cancel());
    expect(await trySync(scene)).not.toBe('HF_QUEUE_FULL');
    expect(await trySync(scene)).toBe('HF_QUEUE_FULL');
    scene.runtime.upstream('default').release();
    await scene.clock.advanceUntil(
      () => scene.runtime.getHealthStatus().operations.completed === 2,
    );
    expect(await trySync(scene)).not.toBe('HF_QUEUE_FULL');
  });

  test('CR-2 OP-6 a crisis is taken however full it is, and takes its place', async () => {
    const scene = await blocked(2);
    await trySync(scene);
    expect(await trySync(scene, { priority: 'crisis' })).toMatch(/-/);
    const answer = await scene.clock.run(
      scene.runtime.crisis({ subject: 'person', type: 'payments.push' }),
    );
    await scene.clock.run(answer.durable);
    expect(answer.resources.length).toBeGreaterThan(0);
  });

  test('OP-6 whoever pays less is told first', async () => {
    const scene = await blocked(100);
    for (let n = 0; n < 90; n += 1) await trySync(scene);
    expect(await trySync(scene, { tier: 'trial' })).toBe('HF_QUEUE_FULL');
    for (let n = 0; n < 5; n += 1) expect(await trySync(scene, { tier: 'basic' })).toMatch(/-/);
    expect(await trySync(scene, { tier: 'basic' })).toBe('HF_QUEUE_FULL');
    for (let n = 0; n < 5; n += 1) expect(await trySync(scene)).toMatch(/-/);
    expect(await trySync(scene)).toBe('HF_QUEUE_FULL');
  });

  test('OP-6 in a queue of one everybody may be the one', () => {
    for (const tier of ['premium', 'basic', 'trial'] as const)
      expect(roomKeptFrom(tier, 1)).toBe(0);
  });

  test('OP-6 OP-8 a bulk is bounded as well, and tells of each place', async () => {
    const scene = await blocked(5);
    const results: string[] = [];
    const bulk = scene.runtime.syncAll(
      Array.from({ length: 8 }, () => REQUEST),
      {
        onResult: (result) => {
          results.push(JSON.stringify(result));
        },
      },
    );
    await scene.clock.run(bulk);
    expect(results.filter((result) => result.includes('HF_QUEUE_FULL'))).toHaveLength(3);
    expect(await waiting(scene)).toBe(5);
  });

  test('OP-6 the count survives a crash, and holds in the next process', async () => {
    const scene = await blocked(1_000);
    for (let n = 0; n < 3; n += 1) await trySync(scene);
    const next = scene.boot({ handlers: HANDLERS, operationsMax: 4 });
    await scene.clock.run(next.runtime.ready);
    next.runtime.upstream('default').forceOpen('maintenance');
    const after = { ...scene, runtime: next.runtime };
    const answers = [await trySync(after), await trySync(after)];
    expect(answers.filter((answer) => answer === 'HF_QUEUE_FULL').length).toBeLessThanOrEqual(1);
  });
});

test('OP-6 whatever repeats, fails, is cancelled or ends, the bound holds and no room is lost', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('sync' as const), key: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('cancel' as const), nth: fc.nat(20) }),
    fc.record({ kind: fc.constantFrom('failingDisk' as const, 'wellDisk' as const) }),
    fc.record({ kind: fc.constantFrom('open' as const, 'closed' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = createWorld();
      const { runtime, store } = world.boot({ handlers: HANDLERS, operationsMax: 6 });
      await world.clock.run(runtime.ready);
      const ids: string[] = [];
      const scene = { ...world, runtime };
      for (const each of steps) {
        if (each.kind === 'sync') {
          // Two at once, the second of which may repeat an earlier one.
          const pair = [trySync(scene), trySync(scene, { idempotencyKey: `key-${each.key}` })];
          for (const answer of await Promise.all(pair)) if (answer.includes('-')) ids.push(answer);
        } else if (each.kind === 'cancel') {
          const id = ids[each.nth % Math.max(1, ids.length)];
          if (id !== undefined) {
            await world.clock.run(
              runtime.operations
                .get(id)
                .cancel()
                .catch(() => undefined),
            );
          }
        } else if (each.kind === 'failingDisk' || each.kind === 'wellDisk') {
          const fate = each.kind === 'wellDisk' ? 'works' : 'failsWritten';
          store.faults.fate = () => fate;
          await world.clock.advance(200);
        } else if (each.kind === 'open') runtime.upstream('default').forceOpen('maintenance');
        else runtime.upstream('default').release();
        expect(await waiting(scene)).toBeLessThanOrEqual(6);
      }
      // Once all is well and quiet there is room for exactly what is missing.
      store.faults.fate = () => 'works';
      runtime.upstream('default').forceOpen('maintenance');
      await world.clock.advance(60_000);
      const free = 6 - (await waiting(scene));
      for (let n = 0; n < free; n += 1) expect(await trySync(scene)).toMatch(/-/);
      expect(await trySync(scene)).toBe('HF_QUEUE_FULL');
    }),
    { numRuns: 40 },
  );
});
