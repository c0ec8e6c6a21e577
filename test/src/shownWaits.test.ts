/** What is shown of waiting work while an upstream is down, and after a reading of the counts has failed. */

import { expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const DOWN = {
  'payments.push': {
    upstream: 'payments',
    run: () => {
      throw transientFailure('Down.');
    },
  },
};

test('HM-1 what has waited out its backoff waits for its upstream, and is shown so', async () => {
  const { clock, boot } = createWorld();
  const { runtime } = boot({ handlers: DOWN, upstreams: { payments: {} } });
  await clock.run(runtime.ready);
  await clock.run(Promise.all(Array.from({ length: 60 }, () => runtime.sync(REQUEST))));
  await clock.advanceUntil(() => runtime.upstream('payments').breaker === 'open');
  await clock.advance(60_000);
  const { views } = await clock.run(runtime.operations.page());
  const waits = views.flatMap(({ wait }) => wait ?? []);
  expect(waits.length).toBeGreaterThan(50);
  for (const { reason, untilAtMs } of waits) {
    if (reason === 'backoff') expect(untilAtMs).toBeGreaterThan(clock.now());
  }
  expect(new Set(waits.map(({ reason }) => reason))).toContain('breaker');
});

test('HM-1 counts are read again after a reading that failed', async () => {
  const { clock, boot } = createWorld();
  const { runtime, store } = boot({ handlers: DOWN, upstreams: { payments: {} } });
  await clock.run(runtime.ready);
  await clock.run(runtime.operations.count());
  const [operation] = await clock.run(Promise.all([runtime.sync(REQUEST), runtime.sync(REQUEST)]));
  await clock.advance(5_000);
  expect(runtime.getHealthStatus().waiting.turn).toBe(2);
  await clock.run(operation.cancel());
  store.faults.readFails = () => true;
  await clock.advance(5_000);
  store.faults.readFails = () => false;
  await clock.advance(20_000);
  expect(runtime.getHealthStatus().waiting.turn).toBe(1);
});
