/**
 * An operator switches the breaker of an upstream off: what fails is the operation's own from then on.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const HOUR_MS = 3_600_000;

/** Three operations that fail each time, and nothing else, for six hours: an outage, in which they wait. */
async function failing() {
  const { clock, boot } = createWorld();
  const run = (): never => {
    throw transientFailure('Refused.', { status: 500 });
  };
  const { runtime } = boot({
    upstreams: { payments: {} },
    handlers: { 'payments.push': { upstream: 'payments', honoursIdempotencyKey: true, run } },
  });
  await clock.run(runtime.ready);
  for (const subject of ['a', 'b', 'c']) {
    await clock.run(runtime.sync({ type: 'payments.push', subject, tier: 'trial' }));
  }
  await clock.advance(6 * HOUR_MS);
  expect(runtime.getHealthStatus().operations.deadLettered).toBe(0);
  return { clock, runtime };
}

test('CB-1 RT-1 where an operator has switched the breaker off, what always fails ends by its own attempts', async () => {
  const { clock, runtime } = await failing();
  runtime.upstream('payments').disable('The requests are bad, not the upstream.', 'ana');
  await clock.advance(HOUR_MS);
  expect(runtime.getHealthStatus().operations.deadLettered).toBe(3);
});

test('CB-1 RT-1 control: while nobody switches it off they wait', async () => {
  const { clock, runtime } = await failing();
  await clock.advance(HOUR_MS);
  expect(runtime.getHealthStatus().operations.deadLettered).toBe(0);
});
