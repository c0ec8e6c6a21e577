/** What is shown of waiting work while an upstream is down, and after a reading of the counts has failed. */

import { expect, test } from 'vitest';
import type { Attempt } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { holdWrite } from '../../persistence/port/review.ts';
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

test('HM-1 what is tried again is under way, and no longer counted as waiting for its turn', async () => {
  const { clock, boot } = createWorld();
  const run = async ({ number, signal }: Attempt): Promise<null> => {
    if (number === 1) throw transientFailure('Down.');
    return await new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('Aborted.'));
      });
    });
  };
  const { runtime } = boot({
    handlers: { 'payments.push': { upstream: 'payments', run } },
    upstreams: { payments: { attemptTimeoutMs: 3_600_000 } },
  });
  await clock.run(runtime.ready);
  await clock.run(runtime.sync(REQUEST));
  await clock.advance(600_000);
  const { waiting, operations } = runtime.getHealthStatus();
  expect({ turn: waiting.turn, running: operations.attemptsRunning }).toEqual({
    turn: 0,
    running: 1,
  });
});

test('HM-1 PS-5 what waited for a handler that is there now waits for the release of a held store', async () => {
  const { clock, boot, disk } = createWorld();
  let isDown = true;
  const run = () => {
    if (isDown) throw transientFailure('Down.');
    return null;
  };
  const handlers = { 'payments.push': { upstream: 'payments', run } };
  const upstreams = { payments: {} };
  const first = boot({ handlers, upstreams });
  const { id } = await clock.run(first.runtime.sync(REQUEST));
  await clock.advance(100);
  first.kill();
  const second = boot({ upstreams });
  await clock.run(second.runtime.ready);
  await clock.advance(60_000);
  const lacking = await clock.run(second.runtime.operations.get(id).view());
  expect(lacking.wait?.reason).toBe('handler');
  second.kill();
  await disk.open();
  await disk.commit([holdWrite({ reason: 'restored', sinceAtMs: 7, seqMax: 9 })]);
  isDown = false;
  const { runtime } = boot({ handlers, upstreams });
  await clock.run(runtime.ready);
  await clock.advance(60_000);
  const operation = runtime.operations.get(id);
  const held = await clock.run(operation.view());
  expect(held.wait?.reason).toBe('start');
  await clock.run(runtime.release());
  await clock.advance(60_000);
  expect(await clock.run(operation.view())).toMatchObject({ state: 'completed', wait: null });
});
