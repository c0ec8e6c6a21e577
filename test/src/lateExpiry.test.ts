import { expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const WORK: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'trial' };
const SLOW_MS = 2_000;

/** A runtime whose calls are counted; the first `failures` of them fail. */
function createScene(failures = 0): { world: World; process: Process; calls: () => number } {
  let calls = 0;
  const world = createWorld();
  const process = world.boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          calls += 1;
          if (calls <= failures) throw transientFailure('Busy.');
          return null;
        },
      },
    },
    policies: {
      tiers: {
        trial: { retry: { strategy: 'constant', initialDelayMs: 500 }, responseDeadlineMs: 60_000 },
      },
    },
  });
  return { world, process, calls: () => calls };
}

/** Every commit takes so long from here on. */
function slowDown({ store }: Process): void {
  store.faults.delayMs = () => SLOW_MS;
}

test.each([
  [SLOW_MS - 1, 'expired', 0],
  [SLOW_MS, 'expired', 0],
  [SLOW_MS + 1, 'completed', 1],
])(
  'OP-5 one that expires %i ms after it came, its acceptance taking 2 s, ends %s',
  async (expiresInMs, ending, callsExpected) => {
    const { world, process, calls } = createScene();
    const { clock } = world;
    await clock.run(process.runtime.ready);
    slowDown(process);
    const acceptance = process.runtime.sync({ ...WORK, expiresAtMs: clock.now() + expiresInMs });
    await clock.advance(SLOW_MS);
    const { id } = await acceptance;
    await clock.advance(10 * SLOW_MS);
    expect(calls()).toBe(callsExpected);
    const view = await clock.run(process.runtime.operations.get(id).view());
    expect(view.state).toBe(ending);
  },
);

test.each([
  [SLOW_MS - 1, 'expired', 1],
  [SLOW_MS, 'expired', 1],
  [SLOW_MS + 1, 'completed', 2],
])(
  'OP-5 one that expires %i ms after its next attempt was ordered, which takes 2 s to write, ends %s',
  async (expiresAfterOrderMs, ending, callsExpected) => {
    const { world, process, calls } = createScene(1);
    const { clock } = world;
    await clock.run(process.runtime.ready);
    const expiresAtMs = clock.now() + 500 + expiresAfterOrderMs;
    const { id } = await clock.run(process.runtime.sync({ ...WORK, expiresAtMs }));
    await clock.advance(100);
    expect(calls()).toBe(1);
    slowDown(process);
    await clock.advance(10 * SLOW_MS);
    expect(calls()).toBe(callsExpected);
    const view = await clock.run(process.runtime.operations.get(id).view());
    expect(view.state).toBe(ending);
  },
);
