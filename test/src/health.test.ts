import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { RESTART_POLICIES } from '../../machines/policy/service/restartPolicy.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };
const HANDLERS: RuntimeOptions['handlers'] = {
  'payments.push': { upstream: 'default', run: () => null },
  'crisis.alert': { upstream: 'default', run: () => null },
};

describe('HM-1 getHealthStatus', () => {
  test('HM-1 says that all is well while it is, after work too', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: HANDLERS });
    await clock.run(runtime.ready);
    const operation = await clock.run(runtime.sync(REQUEST));
    await clock.run(operation.outcome);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'healthy',
      components: { resilience: 'healthy', performance: 'healthy', storage: 'healthy' },
      crisisCapability: 'operational',
      score: 100,
      reasons: [],
      phase: 'running',
      level: 'normal',
      upstreams: { default: { breaker: 'closed', level: 'normal', inFlight: 0 } },
      operations: { accepted: 1, completed: 1, attempts: 1, retries: 0, quarantined: 0 },
    });
  });

  test('HM-1 CB-1 names the upstream whose breaker opened, and forgets it once that has closed', async () => {
    const { clock, boot } = createWorld();
    let isDown = true;
    const { runtime } = boot({
      handlers: {
        ...HANDLERS,
        'payments.push': {
          upstream: 'payments',
          run: () => {
            if (isDown) throw transientFailure('Down.');
            return null;
          },
        },
      },
      upstreams: { payments: {} },
    });
    await clock.run(runtime.ready);
    await clock.run(Promise.all(Array.from({ length: 60 }, () => runtime.sync(REQUEST))));
    await clock.advanceUntil(() => runtime.upstream('payments').breaker === 'open');
    const ill = runtime.getHealthStatus();
    expect(ill).toMatchObject({
      overall: 'degraded',
      components: { resilience: 'degraded', storage: 'healthy' },
      crisisCapability: 'operational',
      upstreams: { payments: { breaker: 'open', hold: null, flow: { pace: 'down' } } },
    });
    // The built-in upstream is not used, so it is not shown.
    expect(Object.keys(ill.upstreams)).toEqual(['payments']);
    expect(ill.score).toBeLessThan(100);
    expect(ill.reasons).toEqual([
      expect.stringMatching(/^payments is down since 2\S+Z, next try at 2\S+Z/),
    ]);

    isDown = false;
    await clock.advanceUntil(() => runtime.getHealthStatus().overall === 'healthy');
    expect(runtime.getHealthStatus()).toMatchObject({ score: 100, reasons: [] });
    const { recovery } = runtime.upstream('payments');
    expect(recovery).toMatchObject({ times: 1, meanMs: recovery.lastMs });
    expect(recovery.lastMs).toBeGreaterThan(0);
  });

  test('HM-1 CB-1 says who holds a breaker, why and since when; the built-in upstream once it is held', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: HANDLERS });
    await clock.run(runtime.ready);
    expect(runtime.getHealthStatus().upstreams).toEqual({});
    const upstream = runtime.upstream('default');
    upstream.forceOpen('maintenance', 'ana');
    upstream.observe('a look', 'ben');
    const hold = { kind: 'forcedOpen', by: 'ana', reason: 'maintenance', orders: 2 };
    expect(runtime.getHealthStatus().upstreams['default']).toMatchObject({
      hold: { ...hold, sinceAtMs: clock.now() },
    });
    const since = new Date(clock.now()).toISOString();
    expect(runtime.getHealthStatus().reasons).toEqual([
      `default is held down since ${since} by ana (maintenance), until it is released`,
    ]);
    upstream.release('ana');
    expect([upstream.breaker, upstream.hold?.by]).toEqual(['observing', 'ben']);
    upstream.release();
    expect([upstream.breaker, upstream.hold]).toEqual(['closed', null]);
    upstream.disable();
    expect(upstream.breaker).toBe('disabled');
    upstream.release();
  });

  test('HM-1 PS-6 storage that fails is critical, by its code, until it is well again', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({ handlers: HANDLERS });
    await clock.run(runtime.ready);
    store.faults.fate = () => 'failsUnwritten';
    await expect(clock.run(runtime.sync(REQUEST))).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
    });
    const ill = runtime.getHealthStatus();
    expect(ill).toMatchObject({
      overall: 'critical',
      components: { storage: 'critical' },
      crisisCapability: 'operational',
    });
    expect(ill.reasons.join()).toContain('HF_STORE_UNAVAILABLE');
    store.faults.fate = () => 'works';
    await clock.advanceUntil(() => runtime.getHealthStatus().overall === 'healthy');
    const operation = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
  });

  test('HM-1 CR-1 without a handler to deliver it crisis is impaired, and answered all the same', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot();
    await clock.run(runtime.ready);
    expect(runtime.getHealthStatus().crisisCapability).toBe('impaired');
    const answer = await runtime.crisis({ subject: 'user-42' });
    expect(answer.resources.length).toBeGreaterThan(0);
    await clock.run(answer.durable);

    await clock.run(runtime.handle('crisis.alert', { upstream: 'default', run: () => null }));
    expect(runtime.getHealthStatus().crisisCapability).toBe('operational');
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
  });

  test('HM-1 SV-4 a runtime that is closed says that it accepts nothing', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: HANDLERS });
    await clock.run(runtime.ready);
    await clock.run(runtime.close());
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'critical', phase: 'stopped' });
  });

  test('HM-1 SV-2 a component that fails too often makes it critical, and crises are answered', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store, errors } = boot({ handlers: HANDLERS });
    await clock.run(runtime.ready);
    const { restartsMax, windowMs } = RESTART_POLICIES.writer;
    // The disk fails and recovers, again and again: each time the writer is restarted.
    const failOnce = async (): Promise<void> => {
      store.faults.fate = () => 'failsUnwritten';
      await clock.run(runtime.sync(REQUEST).catch(() => null));
      store.faults.fate = () => 'works';
      await clock.advance(2_000);
    };
    for (let failures = 0; failures < restartsMax; failures += 1) await failOnce();
    // Control: as often as allowed is not too often.
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', phase: 'running' });
    await failOnce();
    const ill = runtime.getHealthStatus();
    expect(ill).toMatchObject({ overall: 'critical', components: { resilience: 'critical' } });
    expect(ill.reasons).toContain('a component fails too often to be restarted');
    expect(errors.map(String).join()).toContain('Alert: ');
    expect(errors).not.toContainEqual(expect.objectContaining({ code: 'HF_INTERNAL' }));

    const answer = await runtime.crisis({ subject: 'user-42' });
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0 });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    // It comes back by itself once its window has room.
    await clock.advance(2 * windowMs);
    expect(runtime.getHealthStatus().overall).toBe('healthy');
  });
});
