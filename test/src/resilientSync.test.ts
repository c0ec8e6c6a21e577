import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { permanentFailure, transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Operation, Outcome, ResilientOptions, Runtime } from '../../src/index.ts';
import type { ResilientResult } from '../../src/resilientSync.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'mood.save', tier: 'basic' } as const;
const RETRY = { initialDelayMs: 100, delayMsMax: 100, multiplier: 1, jitterMsMax: 0 } as const;
const OPTIONS = { policies: { defaults: { retry: { ...RETRY, attemptsMax: 50 } } } } as const;

const never = async (): Promise<never> => await new Promise<never>(() => undefined);
const busy = (): never => {
  throw transientFailure('Busy.', { status: 500 });
};
/** Returns as soon as it is told to stop. */
const obey = async ({ signal }: Attempt): Promise<never> =>
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('Stopped.'));
    });
  });

async function begun(options = {}): Promise<World & { readonly runtime: Runtime }> {
  const world = createWorld();
  const { runtime } = world.boot({ ...OPTIONS, ...options });
  await world.clock.run(runtime.ready);
  return { ...world, runtime };
}

/** What a promise has come to, without waiting for it. */
function watched<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

async function only(runtime: Runtime, { clock }: World) {
  const { views } = await clock.run(runtime.operations.page());
  expect(views).toHaveLength(1);
  return views[0];
}

describe('OP-1 PF-1 what executeResilientSync answers', () => {
  test('OP-1 a success: response, attempts, and a handle that tells the same', async () => {
    const { clock, runtime } = await begun();
    let calls = 0;
    const result = await clock.run(
      runtime.executeResilientSync({ ...REQUEST, payload: { score: 7 } }, 'user-42', (attempt) => {
        calls += 1;
        if (calls < 3) return busy();
        return { saved: attempt.payload.score };
      }),
    );
    expectTypeOf(result).toEqualTypeOf<ResilientResult<{ saved: number }>>();
    expectTypeOf(result.operation.outcome).resolves.toEqualTypeOf<Outcome<{ saved: number }>>();
    expect(result).toMatchObject({
      success: true,
      response: { saved: 7 },
      resilience: { status: 'completed', attempts: 3, error: undefined, wait: null },
    });
    expect(result.resilience).toMatchObject({ isDuplicate: false, afterRestart: null });
    expect(await clock.run(result.operation.outcome)).toMatchObject({ response: { saved: 7 } });
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({ success: true });
  });

  test('OP-1 PF-1 where it goes on: how often it was tried, the last error, why it waits and until when', async () => {
    const { clock, runtime } = await begun({
      upstreams: { default: { breaker: {} } },
      policies: {
        defaults: { retry: { ...RETRY, initialDelayMs: 400, delayMsMax: 400, attemptsMax: 50 } },
      },
    });
    runtime.upstream('default').disable('test');
    const thrown: Error[] = [];
    const result = await clock.run(
      runtime.executeResilientSync(
        REQUEST,
        'user-42',
        () => {
          thrown.push(transientFailure(`Busy ${thrown.length + 1}.`, { status: 500 }));
          throw thrown.at(-1);
        },
        { deadlineMs: 1_300 },
      ),
    );
    expect(thrown.length).toBeGreaterThanOrEqual(3);
    expect(result).toMatchObject({
      success: false,
      response: undefined,
      resilience: {
        status: 'accepted',
        attempts: thrown.length,
        error: { retry: 'later', message: `Busy ${thrown.length}.` },
        wait: { reason: 'backoff', untilAtMs: expect.any(Number) },
        afterRestart: 'wait',
      },
      metrics: { elapsedMs: 1_300 },
    });
    expect(result.resilience.error?.cause).toBe(thrown.at(-1));
    expect(result.resilience.wait?.untilAtMs).toBeGreaterThan(clock.now());
    await clock.run(result.operation.cancel());
    expect((await clock.run(result.operation.outcome)).status).toBe('cancelled');
  });

  test('OP-1 RT-1 attempts that an outage excuses are counted, for they were made', async () => {
    const { clock, runtime } = await begun();
    let calls = 0;
    const result = await clock.run(
      runtime.executeResilientSync(
        REQUEST,
        'user-42',
        () => {
          calls += 1;
          throw transientFailure('Down.', { status: 503, notApplied: true });
        },
        { deadlineMs: 4_000 },
      ),
    );
    expect(calls).toBeGreaterThan(1);
    expect(result.resilience).toMatchObject({ status: 'accepted', attempts: calls });
    expect(result.resilience.error?.message).toBe('Down.');
  });

  test('OP-1 a failure for good: its error and what was thrown', async () => {
    const { clock, runtime } = await begun();
    const failure = permanentFailure('No such person.');
    const { success, resilience } = await clock.run(
      runtime.executeResilientSync(REQUEST, 'user-42', () => {
        throw failure;
      }),
    );
    expect(success).toBe(false);
    expect(resilience).toMatchObject({ status: 'deadLettered', attempts: 1 });
    expect(resilience.error?.cause).toBe(failure);
  });

  test('OP-8 a second call with its key finds it, calls nothing, and tells how often it was tried', async () => {
    const { clock, runtime } = await begun();
    const keyed = { ...REQUEST, idempotencyKey: 'key-1' };
    const first = runtime.executeResilientSync(keyed, 'user-42', never, { deadlineMs: 100 });
    await clock.advance(10);
    let isCalled = false;
    const second = await clock.run(
      runtime.executeResilientSync(
        keyed,
        'user-42',
        () => {
          isCalled = true;
        },
        { deadlineMs: 50 },
      ),
    );
    expect(isCalled).toBe(false);
    expect(second.resilience).toMatchObject({ isDuplicate: true, status: 'accepted', attempts: 1 });
    expect(second.operation.isDuplicate).toBe(true);
    const { resilience } = await clock.run(first);
    expect(resilience).toMatchObject({ isDuplicate: false, attempts: 1, wait: null });
    expect(resilience.operationId).toBe(second.resilience.operationId);
  });

  test('PF-1 OP-2 a deadline that is shorter than the disk takes rejects, and says that it may be stored', async () => {
    const world = createWorld();
    const { runtime, store } = world.boot(OPTIONS);
    await world.clock.run(runtime.ready);
    store.faults.delayMs = () => 1_000;
    const call = runtime.executeResilientSync(REQUEST, 'user-42', () => 1, { deadlineMs: 50 });
    await expect(world.clock.run(call)).rejects.toMatchObject({
      code: 'HF_STORE_STALLED',
      mayBeStored: true,
    });
  });

  test('SV-4 on a closed runtime it rejects, and calls nothing', async () => {
    const { clock, runtime } = await begun();
    await clock.run(runtime.close());
    let isCalled = false;
    const call = runtime.executeResilientSync(REQUEST, 'user-42', () => {
      isCalled = true;
    });
    await expect(clock.run(call)).rejects.toMatchObject({ code: 'HF_CLOSED' });
    expect(isCalled).toBe(false);
  });

  test.each([
    [{ deadlineMs: 0 }, 'deadlineMs'],
    [{ deadlineMs: '5s' }, 'deadlineMs'],
    [{ signal: {} }, 'signal'],
    [{ whenAborted: 'stop' }, 'whenAborted'],
    [{ afterRestart: 'forget' }, 'afterRestart'],
    [{ timeoutMs: 5 }, 'timeoutMs'],
  ])('UX-2 %j is refused, and nothing is stored', async (options, field) => {
    const world = await begun();
    const call = world.runtime.executeResilientSync(
      REQUEST,
      'u',
      never,
      options as ResilientOptions,
    );
    await expect(world.clock.run(call)).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field });
    expect((await world.clock.run(world.runtime.operations.page())).views).toEqual([]);
  });
});

describe('OP-5 a signal', () => {
  const reason = new Error('The user has left.');

  test('OP-5 that is aborted already: nothing is stored', async () => {
    const world = await begun();
    const signal = AbortSignal.abort(reason);
    const call = world.runtime.executeResilientSync(REQUEST, 'user-42', never, { signal });
    await expect(world.clock.run(call)).rejects.toBe(reason);
    expect((await world.clock.run(world.runtime.operations.page())).views).toEqual([]);
  });

  test('OP-5 aborted while the disk takes its time: rejects at once, and the function is never called', async () => {
    const world = createWorld();
    const { runtime, store } = world.boot(OPTIONS);
    await world.clock.run(runtime.ready);
    store.faults.delayMs = () => 200;
    const controller = new AbortController();
    let isCalled = false;
    const seen = watched(
      runtime.executeResilientSync(
        REQUEST,
        'user-42',
        () => {
          isCalled = true;
        },
        { signal: controller.signal },
      ),
    );
    await world.clock.advance(20);
    controller.abort(reason);
    await world.clock.advance(0);
    expect(seen.error).toBe(reason);
    await world.clock.advance(5_000);
    expect(isCalled).toBe(false);
    expect(await only(runtime, world)).toMatchObject({ state: 'cancelled' });
  });

  test('OP-5 aborted while the disk is late for its acceptance: it ends as cancelled, uncalled', async () => {
    const world = createWorld();
    const { runtime, store } = world.boot(OPTIONS);
    await world.clock.run(runtime.ready);
    store.faults.delayMs = () => 2_000;
    const controller = new AbortController();
    let isCalled = false;
    const seen = watched(
      runtime.executeResilientSync(
        REQUEST,
        'user-42',
        () => {
          isCalled = true;
        },
        { signal: controller.signal, deadlineMs: 300 },
      ),
    );
    await world.clock.advance(20);
    controller.abort(reason);
    await world.clock.advance(2_100);
    expect(seen.error).toBe(reason);
    store.faults.delayMs = () => 0;
    await world.clock.advance(5_000);
    expect(isCalled).toBe(false);
    expect(await only(runtime, world)).toMatchObject({ state: 'cancelled', attempt: 1 });
  });

  test.each([
    ['attempting', { run: obey, atMs: 10, state: 'attempting' }],
    ['backing off', { run: busy, atMs: 50, state: 'backingOff' }],
    ['waiting for its upstream', { run: obey, atMs: 50, state: 'waiting', isHeld: true }],
  ])(
    'OP-5 aborted while it is %s: the wait ends, and the operation does not go on',
    async (_, scene) => {
      const world = await begun();
      const { clock, runtime } = world;
      if ('isHeld' in scene) runtime.upstream('default').forceOpen('maintenance');
      const controller = new AbortController();
      const seen = watched(
        runtime.executeResilientSync(REQUEST, 'user-42', scene.run, { signal: controller.signal }),
      );
      await clock.advance(scene.atMs);
      expect(await only(runtime, world)).toMatchObject({ state: scene.state });
      controller.abort(reason);
      await clock.advance(0);
      expect(seen.error).toBe(reason);
      await clock.advance(1_000);
      expect(await only(runtime, world)).toMatchObject({ state: 'cancelled' });
    },
  );

  test('OP-5 where it is to go on, only the wait ends', async () => {
    const world = await begun();
    const controller = new AbortController();
    let calls = 0;
    const seen = watched(
      world.runtime.executeResilientSync(
        REQUEST,
        'user-42',
        () => {
          calls += 1;
          return calls < 3 ? busy() : 'done';
        },
        { signal: controller.signal, whenAborted: 'goOn' },
      ),
    );
    await world.clock.advance(10);
    controller.abort(reason);
    await world.clock.advance(60_000);
    expect(seen.error).toBe(reason);
    expect(await only(world.runtime, world)).toMatchObject({ state: 'completed' });
  });

  test('OP-5 aborted after the answer, it does nothing', async () => {
    const world = await begun();
    const controller = new AbortController();
    const { resilience, operation } = await world.clock.run(
      world.runtime.executeResilientSync(REQUEST, 'user-42', busy, {
        signal: controller.signal,
        deadlineMs: 50,
      }),
    );
    expect(resilience.status).toBe('accepted');
    controller.abort(reason);
    await world.clock.advance(500);
    expect((await world.clock.run(operation.view())).state).not.toBe('cancelled');
  });

  test('OP-8 PF-3 of one caller does not cancel what another has begun', async () => {
    const world = await begun();
    const keyed = { ...REQUEST, idempotencyKey: 'key-1' };
    const first = watched(world.runtime.executeResilientSync(keyed, 'user-42', busy));
    await world.clock.advance(10);
    const controller = new AbortController();
    const second = watched(
      world.runtime.executeResilientSync(keyed, 'user-42', never, { signal: controller.signal }),
    );
    await world.clock.advance(10);
    controller.abort(reason);
    await world.clock.advance(500);
    expect(second.error).toBe(reason);
    expect(await only(world.runtime, world)).not.toMatchObject({ state: 'cancelled' });
    expect(first.error).toBeUndefined();
  });

  test('CR-2 CR-4 of a crisis ends the wait, and never its delivery', async () => {
    const world = await begun();
    const controller = new AbortController();
    let calls = 0;
    const seen = watched(
      world.runtime.executeResilientSync(
        { ...REQUEST, priority: 'crisis' },
        'user-42',
        () => {
          calls += 1;
          return calls < 3 ? busy() : 'delivered';
        },
        { signal: controller.signal, deadlineMs: 1, afterRestart: 'giveUp' },
      ),
    );
    controller.abort(reason);
    await world.clock.advance(60_000);
    expect(seen.error).toBe(reason);
    expect(calls).toBe(3);
    expect(await only(world.runtime, world)).toMatchObject({ state: 'delivered' });
  });
});

describe('OP-7 its function, after a restart', () => {
  /** An operation that its process leaves behind, in flight or waiting. */
  async function leftBehind(options: ResilientOptions, end: 'kill' | 'close', run = busy) {
    const world = createWorld();
    const first = world.boot(OPTIONS);
    await world.clock.run(first.runtime.ready);
    const { resilience } = await world.clock.run(
      first.runtime.executeResilientSync(REQUEST, 'user-42', run, { deadlineMs: 50, ...options }),
    );
    if (end === 'close') await world.clock.run(first.runtime.close({ deadlineMs: 10 }));
    first.kill();
    return { world, resilience, id: resilience.operationId };
  }

  test.each(['kill', 'close'] as const)(
    'OP-7 by default it waits for a handler of its type, which is told and shown: %s',
    async (end) => {
      const { world, resilience, id } = await leftBehind({}, end);
      expect(resilience.afterRestart).toBe('wait');
      const { runtime, errors } = world.boot(OPTIONS);
      await world.clock.advance(60_000);
      const view = await world.clock.run(runtime.operations.get(id).view());
      expect(view).toMatchObject({ state: 'handlerMissing', wait: { reason: 'handler' } });
      expect(errors).toEqual([
        expect.objectContaining({
          code: 'HF_HANDLER_UNKNOWN',
          message: expect.stringMatching(
            /executeResilientSync ends with its process.*Register one/,
          ),
        }),
      ]);
      expect(runtime.getHealthStatus()).toMatchObject({
        overall: 'degraded',
        waiting: { handlerMissing: 1 },
      });
      await world.clock.run(
        runtime.handle('mood.save', { upstream: 'default', run: () => 'by handler' }),
      );
      expect(await world.clock.run(runtime.operations.get(id).outcome)).toMatchObject({
        status: 'completed',
        response: 'by handler',
      });
    },
  );

  test.each([
    ['kill', busy],
    ['close', busy],
    ['kill', never],
    ['close', never],
  ] as const)(
    'OP-7 OP-5 told to give up it is a dead letter, and can be replayed by a handler: %s',
    async (end, run) => {
      const { world, resilience, id } = await leftBehind(
        { afterRestart: 'giveUp' },
        end,
        run as typeof busy,
      );
      expect(resilience.afterRestart).toBe('giveUp');
      const { runtime } = world.boot(OPTIONS);
      await world.clock.advance(120_000);
      const outcome = await world.clock.run(runtime.operations.get(id).outcome);
      expect(outcome).toMatchObject({
        status: 'deadLettered',
        error: { code: 'HF_FUNCTION_GONE' },
      });
      await world.clock.run(
        runtime.handle('mood.save', { upstream: 'default', run: () => 'by handler' }),
      );
      await world.clock.run(runtime.deadLetters.replay(id));
      expect(await world.clock.run(runtime.operations.get(id).outcome)).toMatchObject({
        status: 'completed',
        response: 'by handler',
      });
    },
  );

  test.each(['wait', 'giveUp'] as const)(
    'OP-7 with a handler of its type it goes on by that: %s',
    async (afterRestart) => {
      const world = createWorld();
      const handlers = { 'mood.save': { upstream: 'default', run: () => 'by handler' } };
      const first = world.boot({ ...OPTIONS, handlers });
      await world.clock.run(first.runtime.ready);
      const { resilience } = await world.clock.run(
        first.runtime.executeResilientSync(REQUEST, 'user-42', busy, {
          deadlineMs: 50,
          afterRestart,
        }),
      );
      expect(resilience.afterRestart).toBe('handler');
      first.kill();
      const { runtime } = world.boot({ ...OPTIONS, handlers });
      const operation: Operation = runtime.operations.get(resilience.operationId);
      expect(await world.clock.run(operation.outcome, 600_000)).toMatchObject({
        status: 'completed',
        response: 'by handler',
      });
    },
  );

  test('CR-2 CR-4 a crisis is never given up: it goes on as soon as there is a handler', async () => {
    const world = createWorld();
    const first = world.boot(OPTIONS);
    await world.clock.run(first.runtime.ready);
    const { resilience } = await world.clock.run(
      first.runtime.executeResilientSync({ ...REQUEST, priority: 'crisis' }, 'user-42', busy, {
        deadlineMs: 50,
        afterRestart: 'giveUp',
      }),
    );
    expect(resilience.afterRestart).toBe('wait');
    first.kill();
    const { runtime } = world.boot({
      ...OPTIONS,
      handlers: { 'crisis.alert': { upstream: 'default', run: () => 'delivered' } },
    });
    const { outcome } = runtime.operations.get(resilience.operationId);
    expect(await world.clock.run(outcome, 600_000)).toMatchObject({ response: 'delivered' });
  });
});
