import { expect, onTestFinished, test } from 'vitest';
import { type ForgottenCloseParts, watchForForgottenClose } from '../../src/forgottenClose.ts';
import { createRuntime } from '../../src/index.ts';
import type { HealthStatus } from '../../src/views/health.ts';
import { VirtualClock } from '../../src/virtual/virtualClock.ts';

const RUNTIME_ALONE = ['TTYWrap', 'TTYWrap', 'Timeout'];

/** A process with these resources, and a runtime whose health is this one with `change` made. */
async function watched(
  resources: readonly string[],
  change: (health: HealthStatus) => object = () => ({}),
) {
  const runtime = createRuntime({ store: ':memory:' });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const clock = new VirtualClock();
  const world = { resources, warnings: [] as string[], looks: 0 };
  const parts: ForgottenCloseParts = {
    store: './sync-store',
    health: () => {
      const health = runtime.getHealthStatus();
      return { ...health, ...change(health) };
    },
    schedule: (delayMs, wake) => clock.schedule(delayMs, wake),
    activeResources: () => {
      world.looks += 1;
      return world.resources;
    },
    warn: (message) => world.warnings.push(message),
  };
  return { clock, world, stop: watchForForgottenClose(parts) };
}

test('UX-1 SV-4 a program that has ended is told, once, that its runtime is open', async () => {
  const { clock, world } = await watched(RUNTIME_ALONE);
  await clock.advance(9_999);
  expect(world.warnings).toEqual([]);
  await clock.advance(1);
  expect(world.warnings).toEqual([expect.stringContaining('Call runtime.close()')]);
  await clock.advance(86_400_000);
  expect(world.warnings).toHaveLength(1);
});

test.each([
  ['a server', ['TCPServerWrap', 'Timeout']],
  ['a timer of its own', ['Timeout', 'Timeout']],
  ['input that it reads', ['TTYWrap', 'TTYWrap', 'TTYWrap']],
  ['a pipe', ['PipeWrap']],
])(
  'UX-1 nothing is said while the program has %s, and it is looked ever less often',
  async (_, resources) => {
    const { clock, world } = await watched(resources);
    await clock.advance(86_400_000);
    expect(world.warnings).toEqual([]);
    expect(world.looks).toBeLessThan(15);
    world.resources = RUNTIME_ALONE;
    await clock.advance(2 * 86_400_000);
    expect(world.warnings).toHaveLength(1);
  },
);

test('UX-1 nothing is said while work waits for its time, nor once it was closed', async () => {
  const busy = await watched(RUNTIME_ALONE, ({ waiting }) => ({
    waiting: { ...waiting, turn: 1 },
  }));
  const closed = await watched(RUNTIME_ALONE);
  closed.stop();
  for (const { clock, world } of [busy, closed]) {
    await clock.advance(86_400_000);
    expect(world.warnings).toEqual([]);
  }
});
