import { expect, test } from 'vitest';
import { createRuntime } from '../../src/createRuntime.ts';

const CRISES = 3_000;

test('CR-1 OP-7 thousands of crises that waited for a handler hold up nobody when it comes', async () => {
  let told = 0;
  const runtime = createRuntime({
    store: ':memory:',
    inspect: (event) => {
      if (event.type === '@xstate.snapshot' && event.event.type === 'handler.registered') told += 1;
    },
  });
  await runtime.ready;
  const deliveries: Promise<unknown>[] = [];
  for (let number = 0; number < CRISES; number += 1) {
    const { delivery } = await runtime.crisis({ subject: `user-${number}` });
    deliveries.push(delivery);
  }
  // All of them were asked in one turn: their deliveries begin in slices behind it.
  while (runtime.getHealthStatus().operations.inMemory < CRISES) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(told).toBe(0);
  const registered = runtime.handle('crisis.alert', { upstream: 'default', run: () => null });
  // A turn of the event loop, as one who asks for help now would get it.
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(CRISES);
  const answer = await runtime.crisis({ subject: 'user-42' });
  expect(told).toBeLessThan(CRISES);
  await registered;
  await Promise.all([...deliveries, answer.delivery]);
  expect(told).toBe(CRISES);
  await runtime.close();
});
