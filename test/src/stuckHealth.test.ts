import { expect, test } from 'vitest';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

test('HM-1 while work is due and nothing begins it is never healthy, and says where and why', async () => {
  const world = createWorld();
  const { clock } = world;
  const { runtime, store } = world.boot({
    upstreams: { payments: { concurrency: 2 }, mail: {} },
    handlers: {
      [REQUEST.type]: { upstream: 'payments', run: () => null },
      'mail.push': { upstream: 'mail', run: () => null },
      'crisis.alert': { upstream: 'mail', run: () => null },
    },
    residentsMax: 1,
  });
  await clock.run(runtime.ready);
  runtime.upstream('payments').forceOpen('maintenance');
  for (let count = 0; count < 5; count += 1) await clock.run(runtime.sync(REQUEST));
  // A defect: what is asked of the store is never answered.
  const claim = store.claim.bind(store);
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  store.claim = async (query) => {
    await answered;
    return await claim(query);
  };
  runtime.upstream('payments').release();
  // Whoever held it hid what the upstream does, and the first call shows it.
  expect(runtime.getHealthStatus()).toMatchObject({ overall: 'degraded', stuck: [] });
  await clock.advance(30_000);
  const { overall, components, score, stuck, reasons } = runtime.getHealthStatus();
  expect(overall).not.toBe('healthy');
  expect(components.resilience).toBe('critical');
  expect(score).toBeLessThan(100);
  expect(stuck).toMatchObject([{ upstream: 'payments' }]);
  expect(reasons.join()).toContain('payments');

  answer();
  await clock.advanceUntil(() => runtime.getHealthStatus().operations.completed === 5);
  await clock.advance(30_000);
  expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', score: 100, stuck: [] });
});
