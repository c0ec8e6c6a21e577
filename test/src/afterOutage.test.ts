/** What goes on once an upstream is back, and what must not keep it down. */

import { expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Attempt } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const TYPE = 'payments.push';
const FAULTY = 'faulty-';
const OUTAGE_MS = 120_000;

function upstreamOf(answer: (attempt: Attempt, nowMs: number) => Error | null) {
  const { clock, boot } = createWorld();
  const run = async (attempt: Attempt): Promise<null> => {
    await new Promise<void>((resolve) => {
      clock.schedule(20, resolve);
    });
    const failure = answer(attempt, clock.monotonic());
    if (failure !== null) throw failure;
    return null;
  };
  const { runtime } = boot({
    upstreams: { payments: { concurrency: 32 } },
    handlers: { [TYPE]: { upstream: 'payments', run } },
    crisis: { type: TYPE },
  });
  return { clock, runtime };
}

const refused = (): Error =>
  transientFailure('Refused.', { code: 'HF_UPSTREAM_UNREACHABLE', notApplied: true });

test('CB-2 RT-1 a request that always fails, and is the most urgent, is not every probe', async () => {
  let isDown = true;
  const { clock, runtime } = upstreamOf(({ payload }) => {
    if (isDown) return refused();
    return payload === FAULTY ? transientFailure('500', { status: 500 }) : null;
  });
  const request = { type: TYPE, subject: 'user-1' };
  for (let index = 0; index < 20; index += 1) {
    await clock.run(
      runtime.sync({ ...request, tier: 'premium', priority: 'high', payload: FAULTY }),
    );
  }
  for (let index = 0; index < 50; index += 1) {
    await clock.run(runtime.sync({ ...request, tier: 'trial', priority: 'low' }));
  }
  await clock.advance(OUTAGE_MS);
  expect(runtime.getHealthStatus().operations.completed).toBe(0);
  isDown = false;
  await clock.advance(60_000);
  expect(runtime.getHealthStatus().operations.completed).toBe(50);
});

test('CR-4 every crisis goes out again the moment its upstream is back', async () => {
  let isDown = true;
  let delivered = 0;
  const { clock, runtime } = upstreamOf(() => (isDown ? refused() : null));
  // Crises count for no breaker (CB-3); other work shows that it is down.
  for (let index = 0; index < 50; index += 1) {
    await clock.run(runtime.sync({ type: TYPE, subject: 'user-1', tier: 'trial' }));
  }
  for (let index = 0; index < 10; index += 1) {
    const { delivery } = await clock.run(runtime.crisis({ subject: `user-${index}` }));
    void delivery.then(() => {
      delivered += 1;
    });
    await clock.advance(700);
  }
  await clock.advance(OUTAGE_MS);
  isDown = false;
  const startedAtMs = clock.monotonic();
  const isFirst = (): boolean => runtime.getHealthStatus().operations.completed > 0;
  await clock.advanceUntil(isFirst, OUTAGE_MS, 10);
  // The first is a probe or a crisis's own retry, whichever is due.
  expect(clock.monotonic() - startedAtMs).toBeLessThan(17_000);
  await clock.advance(500);
  expect(delivered).toBe(10);
});

test('PF-5 OP-6 what waits on disk for a learned rate goes on when a token is due', async () => {
  let begunMs: number[] = [];
  const { clock, runtime } = upstreamOf((_, nowMs) => {
    begunMs = begunMs.filter((atMs) => atMs > nowMs - 1_000);
    if (begunMs.length >= 40) {
      return transientFailure('Too many.', { status: 429, notApplied: true });
    }
    begunMs.push(nowMs);
    return null;
  });
  const requests = Array.from({ length: 400 }, () => ({
    type: TYPE,
    subject: 'user-1',
    tier: 'basic' as const,
  }));
  await clock.run(runtime.syncAll(requests));
  await clock.advance(30_000);
  expect(runtime.getHealthStatus().operations.completed).toBe(400);
});
