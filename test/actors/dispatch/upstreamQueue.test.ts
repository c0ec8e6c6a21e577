import { expect, test } from 'vitest';
import { UpstreamQueue } from '../../../actors/dispatch/upstreamQueue.ts';
import { SteadyClock } from '../../../actors/time/steadyClock.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';
import { createFlow } from '../../support/harness/flowHarness.ts';

const ANSWERS_AFTER_MS = 1_000;

test('DG-2 OP-6 what a better level lets out while a claim is under way is claimed after it', async () => {
  const clock = new VirtualClock();
  const steady = new SteadyClock(clock, () => undefined);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
  };
  const timers = new TimerService(clock, onError);
  const { flow } = createFlow({ clock, concurrency: 4, onError });
  const asked: number[] = [];
  const store = createMemoryStore();
  store.claim = async ({ urgencyMax }) => {
    asked.push(urgencyMax);
    await new Promise<void>((resolve) => {
      clock.schedule(ANSWERS_AFTER_MS, resolve);
    });
    return { rows: [], nextDueAtMs: null };
  };
  const queue = new UpstreamQueue({
    flow,
    routes: () => ['payments'],
    crisisSlotsMax: () => 2,
    store,
    journal: { sendAll: () => undefined },
    steady,
    timers,
    revive: () => null,
    reroute: () => undefined,
    giveToOther: () => false,
    onSlotsBack: () => undefined,
    onWaiting: () => undefined,
    passOver: () => [],
    grant: () => undefined,
    onError,
  });
  flow.urgencyBound = 9;
  queue.noteDue(0);
  await clock.advance(2 * ANSWERS_AFTER_MS);
  flow.urgencyBound = 5;
  queue.noteDue(0);
  await clock.advance(ANSWERS_AFTER_MS / 2);
  flow.urgencyBound = 9;
  queue.rescan();
  await clock.advance(10 * ANSWERS_AFTER_MS);
  expect(asked).toEqual([9, 5, 9]);
  expect(errors).toEqual([]);
});
