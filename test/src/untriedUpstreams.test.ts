/** An upstream that nothing was sent to since it was tried last: nobody knows how it is, and no alarm says so. */

import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Operation } from '../../src/operation.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const LONG_MS = 300_000;

function scene(world: World = createWorld()) {
  const state = { isDown: true };
  const run = (): null => {
    if (state.isDown) throw transientFailure('Down.', { status: 503 });
    return null;
  };
  const boot = (options: Partial<RuntimeOptions> = {}): Runtime =>
    world.boot({
      upstreams: { labs: {}, other: {} },
      handlers: {
        'labs.push': { upstream: 'labs', run },
        'crisis.alert': { upstream: 'other', run: () => null },
      },
      ...options,
    }).runtime;
  return { world, state, boot };
}

/** As many operations of an upstream that is down, whose breaker is open. */
async function outage({ clock }: World, runtime: Runtime) {
  await clock.run(runtime.ready);
  const sent: Operation[] = [];
  for (let each = 0; each < 8; each++) {
    sent.push(await clock.run(runtime.sync({ type: 'labs.push', subject: `user-${each}` })));
  }
  await clock.advanceUntil(() => runtime.upstream('labs').breaker !== 'closed');
  return sent;
}

/** An upstream that a person holds open, with nothing to do. */
async function held() {
  const { world, boot } = scene();
  const { clock } = world;
  const runtime = boot();
  await clock.run(runtime.ready);
  const labs = runtime.upstream('labs');
  labs.forceOpen('maintenance');
  return { clock, runtime, labs };
}

const UNTRIED = { breaker: 'halfOpen', isUntried: true };

describe('HM-1 an upstream that nobody has asked since', () => {
  test('HM-1 costs no score once its work was cancelled, and says what it waits for; work tries it', async () => {
    const { world, state, boot } = scene();
    const runtime = boot();
    const { clock } = world;
    const sent = await outage(world, runtime);
    await clock.advance(LONG_MS);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'degraded',
      upstreams: { labs: { isUntried: false } },
    });
    for (const operation of sent) await clock.run(operation.cancel());
    await clock.advance(LONG_MS);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'healthy', score: 100, reasons: [] });
    expect(health.upstreams['labs']).toMatchObject(UNTRIED);
    const again = await clock.run(runtime.sync({ type: 'labs.push', subject: 'user-1' }));
    await clock.advance(LONG_MS);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'degraded',
      upstreams: { labs: { isUntried: false } },
    });
    state.isDown = false;
    await clock.run(again.outcome);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'healthy',
      upstreams: { labs: { breaker: 'closed', isUntried: false } },
    });
  });

  test('HM-1 costs score while work waits for it, also work that is on disk and not due for long, over a restart', async () => {
    const { world, boot } = scene();
    const { clock } = world;
    const wait = { strategy: 'constant', initialDelayMs: LONG_MS, delayMsMax: LONG_MS } as const;
    const options = {
      policies: { tiers: { basic: { retry: wait } } },
      upstreams: { labs: { breaker: { consecutiveFailuresToOpen: 1 } }, other: {} },
    };
    const first = boot(options);
    await clock.run(first.ready);
    await clock.run(first.sync({ type: 'labs.push', subject: 'user-1', tier: 'basic' }));
    await clock.advance(LONG_MS / 5);
    const state = (runtime: Runtime) => {
      const { overall, upstreams } = runtime.getHealthStatus();
      return [overall, upstreams['labs']?.breaker, upstreams['labs']?.isUntried];
    };
    expect(state(first)).toEqual(['degraded', 'halfOpen', false]);
    await clock.run(first.close());
    const second = boot(options);
    await clock.run(second.ready);
    await clock.advance(LONG_MS / 5);
    expect(state(second)).toEqual(['degraded', 'halfOpen', false]);
  });

  test('HM-1 CB-1 costs no score after a person has let it go, and does while it is held', async () => {
    const { clock, runtime, labs } = await held();
    await clock.advance(60_000);
    expect(runtime.getHealthStatus().overall).toBe('degraded');
    labs.release();
    await clock.advance(60_000);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'healthy', score: 100, reasons: [] });
    expect(health.upstreams['labs']).toMatchObject(UNTRIED);
  });

  test('HM-1 a guarded call that waits for it, or is under way there, is somebody who asks', async () => {
    const { clock, runtime, labs } = await held();
    await clock.advance(1_000);
    labs.release();
    let answer: (value: null) => void = () => undefined;
    const call = runtime.call('labs', () => new Promise<null>((resolve) => (answer = resolve)));
    await clock.advance(10);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'degraded',
      upstreams: { labs: { isUntried: false } },
    });
    answer(null);
    await clock.run(call);
    expect(runtime.getHealthStatus().overall).toBe('healthy');
  });
});
