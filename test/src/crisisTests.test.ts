/**
 * Trial runs of the crisis path: marked wherever somebody hears of one, and never taken for a real one (CR-2, CR-5).
 */

import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { CrisisRequest } from '../../src/runtime.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REAL: CrisisRequest = { subject: 'user-42', payload: { words: 'I can not go on' } };
const TRIAL: CrisisRequest = { ...REAL, test: true };

interface Seen {
  readonly isTest: boolean;
  readonly idempotencyKey: string;
  readonly payload: unknown;
}

/** A process whose upstream notes what it sees, and takes it where it is up. */
function boot(world: World, seen: Seen[], isUp = true, crisis: object = {}) {
  const run = ({ isTest, idempotencyKey, payload }: Attempt) => {
    seen.push({ isTest, idempotencyKey, payload });
    if (!isUp) throw transientFailure('Down.');
    return null;
  };
  return world.boot({ crisis, handlers: { 'crisis.alert': { upstream: 'default', run } } });
}

describe('CR-2 a trial run is delivered as one', () => {
  test.each([
    ['with test: true', TRIAL, true],
    ['without it', REAL, false],
    ['with test: false', { ...REAL, test: false }, false],
  ])('CR-2 %s', async (_, request, isTest) => {
    const world = createWorld();
    const seen: Seen[] = [];
    const { runtime } = boot(world, seen);
    await world.clock.run(runtime.ready);
    const { delivery, resources } = await runtime.crisis(request);
    expect(resources.length).toBeGreaterThan(0);
    expect(await world.clock.run(delivery)).toMatchObject({ status: 'completed' });
    expect(seen).toMatchObject([{ isTest, payload: REAL.payload }]);
  });

  test.each(['yes', 1, null, {}])(
    'CR-2 in doubt somebody is in danger: test: %j is none',
    async (given) => {
      const world = createWorld();
      const seen: Seen[] = [];
      const { runtime } = boot(world, seen);
      await world.clock.run(runtime.ready);
      const { delivery } = await runtime.crisis({ ...REAL, test: given as never });
      await world.clock.run(delivery);
      expect(seen).toMatchObject([{ isTest: false }]);
    },
  );

  test('CR-4 it stays one over a restart, and where nothing can be kept any more', async () => {
    const world = createWorld();
    const before: Seen[] = [];
    const first = boot(world, before, false);
    await world.clock.run(first.runtime.ready);
    const { durable } = await first.runtime.crisis(TRIAL);
    await world.clock.run(durable);
    await world.clock.advance(1_000);
    first.kill();
    const seen: Seen[] = [];
    const { runtime } = boot(world, seen);
    await world.clock.run(runtime.ready);
    await world.clock.advance(60_000);
    expect(seen).toMatchObject([{ isTest: true }]);
    await world.clock.run(runtime.close());
    const { delivery } = await runtime.crisis(TRIAL);
    await world.clock.run(delivery);
    expect(seen).toMatchObject([{ isTest: true }, { isTest: true }]);
  });

  test('CR-2 OP-8 under the key of a real one it goes out under another, and so does the real one after it', async () => {
    const world = createWorld();
    const seen: Seen[] = [];
    const { runtime } = boot(world, seen);
    await world.clock.run(runtime.ready);
    for (const request of [TRIAL, REAL, TRIAL]) {
      const { delivery } = await runtime.crisis({ ...request, idempotencyKey: 'session-7' });
      await world.clock.run(delivery);
    }
    const [trial, real, again] = seen.map(({ idempotencyKey }) => idempotencyKey);
    expect(trial).not.toBe(real);
    expect(again).toBe(trial);
  });
});
