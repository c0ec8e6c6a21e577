import { expect, test } from 'vitest';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { checkOptions } from '../../../src/options.ts';

function signal(): readonly [awaited: Promise<void>, give: () => void] {
  let give: () => void = () => undefined;
  const awaited = new Promise<void>((resolve) => {
    give = resolve;
  });
  return [awaited, give];
}

test('OP-5 OP-6 retry now is on disk too, so that it holds where there is no room in memory', async () => {
  const store = createMemoryStore();
  const [mayFail, fail] = signal();
  const [released, release] = signal();
  const options = checkOptions({
    store: ':memory:',
    residentsMax: 1,
    upstreams: { payments: { concurrency: 1 } },
    handlers: {
      'payments.push': {
        upstream: 'payments',
        run: async ({ subject, number }) => {
          if (subject === 'slow') await released;
          else if (number === 1) {
            await mayFail;
            throw transientFailure('The payment service is busy.');
          }
          return null;
        },
      },
    },
    // Nothing but the request to try again gets it done within this test.
    policies: {
      tiers: {
        basic: { retry: { initialDelayMs: 3_000_000, delayMsMax: 3_000_000, jitterMsMax: 0 } },
      },
    },
  });
  const runtime = assembleRuntime(options, store);
  const request = { type: 'payments.push', tier: 'basic' } as const;
  const failing = await runtime.sync({ ...request, subject: 'failing' });
  await new Promise<void>((resolve) => {
    failing.subscribe(({ state }) => {
      if (state === 'backingOff') resolve();
    });
    fail();
  });
  const slow = await runtime.sync({ ...request, subject: 'slow' });
  await failing.retryNow();
  release();
  expect((await slow.outcome).status).toBe('completed');
  expect((await failing.outcome).status).toBe('completed');
  await runtime.close();
}, 5_000);
