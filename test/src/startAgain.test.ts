import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import type { Store } from '../../persistence/port/store.ts';
import { type KeySource, rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const KEY = rawKey(new Uint8Array(32).fill(7));

function handlers(done: string[]): NonNullable<RuntimeOptions['handlers']> {
  const run = (name: string) => () => {
    done.push(name);
    return null;
  };
  return {
    'payments.push': { upstream: 'default', run: run('payment') },
    'crisis.alert': { upstream: 'default', run: run('crisis') },
  };
}

/** A store that is opened only once `cause` is null. */
function refusing(cause: { error: HoldfastError | null }): Store {
  const inner = createMemoryStore();
  const open = inner.open.bind(inner);
  return Object.assign(inner, {
    open: async () => {
      if (cause.error !== null) throw cause.error;
      return await open();
    },
  });
}

const FULL = new HoldfastError('HF_STORE_FULL', 'no room', { retry: 'later' });
const KEY_WRONG = new HoldfastError('HF_KEY_WRONG', 'another key');

describe('HM-1 a start that takes long', () => {
  test('HM-1 PS-4 is no healthy one: health says since when the store is opened', async () => {
    const inner = createMemoryStore();
    const open = inner.open.bind(inner);
    let isThere = false;
    const world = createWorld(
      1,
      Object.assign(inner, {
        open: async () => {
          while (!isThere) await new Promise<void>((go) => void world.clock.schedule(1_000, go));
          return await open();
        },
      }),
    );
    const { clock, boot } = world;
    const sinceAtMs = clock.now();
    const { runtime } = boot({ handlers: handlers([]) });
    await clock.advance(4_000);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', phase: 'starting' });
    await clock.advance(200_000);
    expect(runtime.getHealthStatus()).toMatchObject({
      ...{ overall: 'degraded', phase: 'starting', start: null },
      components: { storage: 'degraded', resilience: 'healthy' },
      findings: [{ id: 'startSlow', sinceAtMs }],
      reasons: [
        `no work is accepted yet: the store is still being opened, since ${new Date(sinceAtMs).toISOString()}`,
      ],
    });
    isThere = true;
    await clock.run(runtime.ready);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
    await clock.run(runtime.close());
  });
});

describe('SV-6 a start that failed', () => {
  test('SV-6 is tried again while the process lives; until then everything says why', async () => {
    const cause: { error: HoldfastError | null } = { error: FULL };
    const { clock, boot } = createWorld(1, refusing(cause));
    const done: string[] = [];
    const { runtime, errors } = boot({ handlers: handlers(done) });
    await expect(clock.run(runtime.ready)).rejects.toBe(FULL);
    const sinceAtMs = clock.now();
    await clock.advance(30_000);
    const id = '0123456789abcdef0123456789abcdef';
    for (const call of [
      () => runtime.sync(REQUEST),
      () => runtime.syncAll([REQUEST]),
      () => runtime.operations.page(),
      () => runtime.deadLetters.show(id),
      () => runtime.operations.get(id).view(),
    ]) {
      await expect(clock.run<unknown>(call())).rejects.toMatchObject({ code: 'HF_STORE_FULL' });
    }
    const answer = await clock.run(runtime.crisis({ subject: 'user-42' }));
    expect(answer.resources).not.toEqual([]);
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    let isDurable = false;
    void answer.durable.then(() => {
      isDurable = true;
    });
    await clock.advance(1_000);
    expect(isDurable).toBe(false);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({
      overall: 'critical',
      phase: 'startFailed',
      start: { code: 'HF_STORE_FULL' },
    });
    expect(health.start?.sinceAtMs).toBeLessThanOrEqual(sinceAtMs);
    expect(health.start?.nextTryAtMs).toBeGreaterThanOrEqual(clock.now());
    expect(health.start?.tries).toBeGreaterThan(5);
    expect(health.reasons[0]).toMatch(/^no work is accepted: the start failed \(HF_STORE_FULL; /);
    expect(errors).toEqual([FULL]);

    cause.error = null;
    await clock.advance(5_000);
    expect(runtime.getHealthStatus()).toMatchObject({ phase: 'running', start: null });
    await clock.run(answer.durable);
    const { outcome } = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(outcome)).toMatchObject({ status: 'completed' });
    expect(done).toEqual(['crisis', 'payment']);
    await clock.run(runtime.close());
    expect(clock.pending).toBe(0);
  });

  test('SV-6 whoever sees ready reject reads that the start is tried again by itself', async () => {
    const { clock, boot } = createWorld(1, refusing({ error: FULL }));
    const { runtime } = boot();
    const health = await clock.run(runtime.ready.catch(() => runtime.getHealthStatus()));
    expect(health).toMatchObject({
      start: { tries: 1, nextTryAtMs: expect.any(Number) as number },
    });
    expect(health?.reasons[0]).toMatch(/failed tries: 1, .* tried again at 2/);
    await clock.run(runtime.close());
  });

  test('SV-6 start() resolves once one succeeds, whatever failed before', async () => {
    const cause: { error: HoldfastError | null } = { error: FULL };
    const { clock, boot } = createWorld(1, refusing(cause));
    const { runtime } = boot();
    const started = runtime.start();
    let isStarted = false;
    void started.then(() => {
      isStarted = true;
    });
    await clock.advance(60_000);
    expect(isStarted).toBe(false);
    cause.error = null;
    await clock.run(started);
    // Where it runs there is nothing to do.
    await clock.run(runtime.start());
    await clock.run(runtime.close());
    await expect(clock.run(runtime.start())).rejects.toMatchObject({ code: 'HF_CLOSED' });
  });

  test('SV-6 a cause that does not pass by itself is tried again by start() alone', async () => {
    const cause: { error: HoldfastError | null } = { error: KEY_WRONG };
    const { clock, boot } = createWorld(1, refusing(cause));
    const { runtime } = boot({ handlers: handlers([]) });
    await expect(clock.run(runtime.start())).rejects.toBe(KEY_WRONG);
    await expect(clock.run(runtime.start())).rejects.toBe(KEY_WRONG);
    expect(runtime.getHealthStatus().start).toMatchObject({ tries: 2, nextTryAtMs: null });
    cause.error = null;
    await clock.advance(3_600_000);
    expect(runtime.getHealthStatus().phase).toBe('startFailed');
    await expect(clock.run(runtime.sync(REQUEST))).rejects.toBe(KEY_WRONG);
    await clock.run(runtime.start());
    await clock.run(runtime.sync(REQUEST));
    await clock.run(runtime.close());
  });

  test('SV-4 close() ends the tries, and whoever waits is told', async () => {
    const { clock, boot } = createWorld(1, refusing({ error: FULL }));
    const { runtime } = boot();
    const told = runtime.start().catch((error: unknown) => error);
    await clock.advance(10_000);
    await clock.run(runtime.close());
    expect(await told).toMatchObject({ code: 'HF_CLOSED' });
    expect(clock.pending).toBe(0);
  });

  test('SV-6 OP-2 a key source that does not answer fails the start, and no caller waits for it', async () => {
    let asked = 0;
    const hanging: KeySource = {
      kind: 'vault',
      load: async () => {
        asked += 1;
        if (asked === 1) return await new Promise<never>(() => undefined);
        if (asked === 2) throw new TypeError('fetch failed');
        return { key: new Uint8Array(32).fill(9), kdf: null };
      },
    };
    const runtime = createRuntime({
      store: join(tempFolder(), 'store'),
      key: hanging,
      keyTimeoutMs: 300,
      policies: { tiers: { premium: { responseDeadlineMs: 20 } } },
      handlers: handlers([]),
    });
    await expect(runtime.sync(REQUEST)).rejects.toMatchObject({
      code: 'HF_STORE_STALLED',
      retry: 'later',
      message: expect.stringContaining('Nothing was stored') as string,
    });
    const unavailable = { code: 'HF_KEY_UNAVAILABLE', retry: 'later' };
    await expect(runtime.ready).rejects.toMatchObject(unavailable);
    await runtime.start();
    expect(asked).toBe(3);
    expect((await runtime.operations.page()).views).toEqual([]);
    await runtime.close();
  });

  test('SV-5 SV-6 a runtime that found the store in use takes it over when it is given back', async () => {
    const store = join(tempFolder(), 'store');
    const done: string[] = [];
    const options = { store, key: KEY, handlers: handlers(done) };
    const first = createRuntime(options);
    await first.ready;
    const second = createRuntime(options);
    await expect(second.ready).rejects.toMatchObject({ code: 'HF_STORE_OWNED' });
    const takenOver = second.start();
    await expect(second.sync(REQUEST)).rejects.toMatchObject({ code: 'HF_STORE_OWNED' });
    const { delivery, durable } = await second.crisis({ subject: 'user-42' });
    await delivery;
    const { id } = await first.sync(REQUEST);
    await first.close();
    await takenOver;
    await durable;
    expect(await second.operations.get(id).outcome).toMatchObject({ status: 'completed' });
    await second.close();
  });
});
