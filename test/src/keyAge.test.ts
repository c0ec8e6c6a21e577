import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { unknownOutcome } from '../../machines/policy/retry/classifyFailure.ts';
import type { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const DAY_MS = 86_400_000;
const RETRY_MS = 30_000;
const KEY_LIFETIME_MS = 60_000;
const WORK: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

/** An upstream that applies the first call and never says so. */
async function cutOffOnce(keyLifetimeMs: number) {
  const { clock, boot } = createWorld();
  let calls = 0;
  const { runtime } = boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        keyLifetimeMs,
        run: () => {
          calls += 1;
          if (calls === 1) throw unknownOutcome('The connection broke.');
          return null;
        },
      },
    },
    policies: { tiers: { premium: { retry: { strategy: 'constant', initialDelayMs: RETRY_MS } } } },
  });
  await clock.run(runtime.ready);
  const operation = await clock.run(runtime.sync(WORK));
  await clock.advance(0);
  const view = async () => await clock.run(operation.view());
  expect((await view()).state).toBe('backingOff');
  return { clock, runtime, view, calls: () => calls };
}

describe('RT-2 the age of a key', () => {
  test('RT-2 while the upstream remembers it, the attempt is repeated', async () => {
    const { clock, view, calls } = await cutOffOnce(DAY_MS);
    await clock.advance(RETRY_MS);
    expect((await view()).state).toBe('completed');
    expect(calls()).toBe(2);
  });

  test.each<readonly [string, (clock: VirtualClock) => void]>([
    ['the machine slept, its monotonic clock too', (clock) => clock.suspend(DAY_MS, false)],
    ['the machine slept, and its monotonic clock went on', (clock) => clock.suspend(DAY_MS, true)],
    // It looks the same.
    ['the clock was set forward', (clock) => clock.setWall(DAY_MS)],
  ])('RT-2 after a day in which %s, a person decides', async (_, jump) => {
    const { clock, view, calls } = await cutOffOnce(DAY_MS);
    jump(clock);
    await clock.advance(RETRY_MS);
    expect((await view()).state).toBe('inReview');
    expect(calls()).toBe(1);
  });

  test.each([0, -3_600_000, -DAY_MS])(
    'RT-2 a key that is too old is not used again with the clock set by %i ms',
    async (byMs) => {
      const { clock, runtime, view, calls } = await cutOffOnce(KEY_LIFETIME_MS);
      runtime.upstream('default').forceOpen('maintenance');
      clock.setWall(byMs);
      await clock.advance(2 * KEY_LIFETIME_MS);
      runtime.upstream('default').release();
      await clock.advance(RETRY_MS);
      expect((await view()).state).toBe('inReview');
      expect(calls()).toBe(1);
    },
  );

  test('RT-2 a clock set forward and back again makes no key younger than it is', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      handlers: {
        'payments.push': {
          upstream: 'default',
          keyLifetimeMs: KEY_LIFETIME_MS,
          run: () => {
            throw unknownOutcome('The connection broke.');
          },
        },
      },
      policies: {
        tiers: { premium: { retry: { strategy: 'constant', initialDelayMs: RETRY_MS } } },
      },
    });
    await clock.run(runtime.ready);
    clock.setWall(DAY_MS);
    const operation = await clock.run(runtime.sync(WORK));
    await clock.advance(0);
    runtime.upstream('default').forceOpen('maintenance');
    clock.setWall(-DAY_MS);
    await clock.advance(2 * KEY_LIFETIME_MS);
    runtime.upstream('default').release();
    await clock.advance(RETRY_MS);
    expect((await clock.run(operation.view())).state).toBe('inReview');
  });
});

test('RT-2 a clock set forward by a day ends no attempt in flight, and nobody is asked about one', async () => {
  const { clock, boot } = createWorld();
  let running = 0;
  const { runtime } = boot({
    upstreams: { default: { flow: { slotsAtStart: 20 } } },
    handlers: {
      'payments.push': {
        upstream: 'default',
        attemptTimeoutMs: 10_000,
        run: async () => {
          running += 1;
          await new Promise<void>((resolve) => {
            clock.schedule(9_000, resolve);
          });
          return null;
        },
      },
    },
  });
  await clock.run(runtime.ready);
  const work = Array.from({ length: 20 }, () => runtime.sync(WORK));
  const operations = await clock.run(Promise.all(work));
  await clock.advance(600);
  expect(running).toBe(20);
  clock.setWall(DAY_MS);
  await clock.advance(9_000);
  const health = runtime.getHealthStatus();
  expect(health.operations).toMatchObject({ completed: 20, attempts: 20 });
  expect(health.upstreams['default']).toMatchObject({ breaker: 'closed', level: 'normal' });
  for (const { outcome } of operations) expect((await clock.run(outcome)).status).toBe('completed');
});
