import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SteadyClock } from '../../actors/platform/steadyClock.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const DAY_MS = 86_400_000;
const RETRY_MS = 3_000;
const COOLDOWN_MS = 20_000;
/** How far the clock is moved between two processes. */
const JUMPS_MS = [-365 * DAY_MS, -DAY_MS, -3_600_000, -60_000, 0, DAY_MS];

/** A runtime whose first call fails, and the times of all calls. */
function createScene() {
  const callsAtMs: number[] = [];
  const world = createWorld();
  const handler = {
    upstream: 'default',
    run: () => {
      callsAtMs.push(world.clock.monotonic());
      if (callsAtMs.length === 1) throw transientFailure('Busy.');
      return null;
    },
  };
  const retry = { strategy: 'constant', initialDelayMs: RETRY_MS, delayMsMax: RETRY_MS } as const;
  const options: Partial<RuntimeOptions> = {
    handlers: { 'payments.push': handler, 'crisis.alert': handler },
    policies: { tiers: { premium: { retry }, crisis: { retry } } },
  };
  return { world, options, callsAtMs };
}

/** The process dies in its wait, the clock is moved, and the next one is ready. */
async function restart(
  { clock, boot }: World,
  process: Process,
  { byMs, options }: { readonly byMs: number; readonly options: Partial<RuntimeOptions> },
): Promise<Process> {
  await clock.advance(1_000);
  process.kill();
  clock.setWall(byMs);
  const next = boot(options);
  await clock.run(next.runtime.ready);
  return next;
}

describe('RT-4 a clock that was moved between two processes', () => {
  test.each(JUMPS_MS)('RT-4 by %i ms lets a retry wait no longer than it was to', async (byMs) => {
    const { world, options, callsAtMs } = createScene();
    const { clock } = world;
    const first = world.boot(options);
    await clock.run(first.runtime.sync({ type: 'payments.push', subject: 'u', tier: 'premium' }));
    await clock.advance(0);
    expect(callsAtMs).toHaveLength(1);
    await restart(world, first, { byMs, options });
    const readyAtMs = clock.monotonic();
    await clock.advance(RETRY_MS + 1_000);
    expect(callsAtMs).toHaveLength(2);
    expect((callsAtMs[1] ?? 0) - readyAtMs).toBeLessThanOrEqual(RETRY_MS);
  });

  test.each(JUMPS_MS)('CR-4 by %i ms lets a crisis wait no longer than it was to', async (byMs) => {
    const { world, options, callsAtMs } = createScene();
    const { clock } = world;
    const first = world.boot(options);
    await clock.run(first.runtime.ready);
    await first.runtime.crisis({ subject: 'u' });
    await clock.advance(0);
    expect(callsAtMs).toHaveLength(1);
    await restart(world, first, { byMs, options });
    const readyAtMs = clock.monotonic();
    await clock.advance(RETRY_MS + 1_000);
    expect(callsAtMs).toHaveLength(2);
    expect((callsAtMs[1] ?? 0) - readyAtMs).toBeLessThanOrEqual(RETRY_MS);
  });

  test.each(JUMPS_MS)(
    'CB-4 by %i ms lets a breaker stay open no longer than it was to',
    async (byMs) => {
      const { world, options: without } = createScene();
      const breaker = { consecutiveFailuresToOpen: 1 };
      const flow = { probeMsMin: COOLDOWN_MS, probeMsMax: COOLDOWN_MS };
      const options = { ...without, upstreams: { default: { breaker, flow } } };
      const { clock } = world;
      const first = world.boot(options);
      await clock.run(first.runtime.sync({ type: 'payments.push', subject: 'u', tier: 'premium' }));
      await clock.advance(0);
      const { runtime } = await restart(world, first, { byMs, options });
      if (byMs <= 0) expect(runtime.upstream('default').breaker).toBe('open');
      // With its jitter of a tenth.
      await clock.advance(1.1 * COOLDOWN_MS + 1_000);
      expect(runtime.upstream('default').breaker).not.toBe('open');
    },
  );

  test.each(JUMPS_MS)(
    'OP-6 by %i ms holds up nothing that only waits for its turn',
    async (byMs) => {
      const world = createWorld();
      const { clock, boot } = world;
      const done = new Set<string>();
      let isHanging = true;
      const options: Partial<RuntimeOptions> = {
        upstreams: { default: { concurrency: 1 } },
        handlers: {
          'payments.push': {
            upstream: 'default',
            keyLifetimeMs: 10 * DAY_MS,
            run: async ({ subject }) => {
              if (isHanging) return await new Promise<never>(() => undefined);
              done.add(subject);
              return null;
            },
          },
        },
      };
      const first = boot(options);
      await clock.run(first.runtime.ready);
      const request = { type: 'payments.push', tier: 'premium' } as const;
      await clock.run(first.runtime.sync({ ...request, subject: 'runs' }));
      await clock.run(first.runtime.sync({ ...request, subject: 'waits' }));
      await clock.run(first.runtime.syncAll([{ ...request, subject: 'waits in bulk' }]));
      isHanging = false;
      await restart(world, first, { byMs, options });
      await clock.advance(1_000);
      expect([...done].toSorted()).toEqual(['runs', 'waits', 'waits in bulk']);
    },
  );

  test('RT-4 and is right again after that shortens no new wait and lengthens none', async () => {
    const { world, options, callsAtMs } = createScene();
    const { clock } = world;
    const first = world.boot(options);
    await clock.run(first.runtime.sync({ type: 'payments.push', subject: 'u', tier: 'premium' }));
    await clock.advance(0);
    const second = await restart(world, first, { byMs: -DAY_MS, options });
    await clock.advance(RETRY_MS + 1_000);
    expect(callsAtMs).toHaveLength(2);
    callsAtMs.length = 0;
    // The next first call fails too, in a process whose steady clock is a day ahead.
    await clock.run(second.runtime.sync({ type: 'payments.push', subject: 'v', tier: 'premium' }));
    clock.setWall(DAY_MS);
    await clock.advance(RETRY_MS + 1_000);
    expect(callsAtMs).toHaveLength(2);
    expect((callsAtMs[1] ?? 0) - (callsAtMs[0] ?? 0)).toBe(RETRY_MS);
  });

  // Control: a process that believes the wall clock would let the row wait until it has come round.
  test('RT-4 would hold a retry up if the next process began with the wall clock', async () => {
    const resume = vi.spyOn(SteadyClock.prototype, 'resume').mockReturnValue(undefined);
    onTestFinished(() => {
      resume.mockRestore();
    });
    const { world, options, callsAtMs } = createScene();
    const { clock } = world;
    const first = world.boot(options);
    await clock.run(first.runtime.sync({ type: 'payments.push', subject: 'u', tier: 'premium' }));
    await clock.advance(0);
    await restart(world, first, { byMs: -DAY_MS, options });
    await clock.advance(10 * RETRY_MS);
    expect(callsAtMs).toHaveLength(1);
  });
});
