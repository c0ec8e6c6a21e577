import { expect, test } from 'vitest';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { UpstreamQueue } from '../../../actors/dispatch/upstreamQueue.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { SteadyClock } from '../../../actors/time/steadyClock.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import { Breaker } from '../../../actors/upstream/breaker.ts';
import { UpstreamGate } from '../../../actors/upstream/upstreamGate.ts';
import { DEFAULT_BREAKER_POLICY } from '../../../machines/policy/breaker/breakerPolicy.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { seededRandom } from '../../../src/testing/seededRandom.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';

const ANSWERS_AFTER_MS = 1_000;

test('DG-2 OP-6 what a better level lets out while a claim is under way is claimed after it', async () => {
  const clock = new VirtualClock();
  const steady = new SteadyClock(clock, () => undefined);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
  };
  const timers = new TimerService(clock, onError);
  const upstream = 'payments';
  const breaker = new Breaker({
    component: 'breaker:payments',
    upstream,
    policy: DEFAULT_BREAKER_POLICY,
    steady,
    random: seededRandom(1),
    timers,
    facts: new FactStream(clock),
    system: new ActorSystem(undefined, onError),
    keep: () => undefined,
    onChange: () => undefined,
    onFailed: onError,
  });
  const gate = new UpstreamGate({
    upstream,
    breaker,
    slotsMax: 4,
    timeoutMs: 10_000,
    monotonic: () => clock.monotonic(),
    onError,
    onResult: () => undefined,
  });
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
    flow: gate,
    routes: () => ['payments'],
    crisisSlotsMax: 2,
    store,
    journal: { sendAll: () => undefined },
    steady,
    timers,
    revive: () => null,
    reroute: () => undefined,
    takeSuspect: () => false,
    onSlotsBack: () => undefined,
    onWaiting: () => undefined,
    passOver: () => [],
    grant: () => undefined,
    onError,
  });
  gate.setIntake('open');
  gate.urgencyBound = 9;
  queue.noteDue(0);
  await clock.advance(2 * ANSWERS_AFTER_MS);
  gate.urgencyBound = 5;
  queue.noteDue(0);
  await clock.advance(ANSWERS_AFTER_MS / 2);
  gate.urgencyBound = 9;
  queue.rescan();
  await clock.advance(10 * ANSWERS_AFTER_MS);
  expect(asked).toEqual([9, 5, 9]);
  expect(errors).toEqual([]);
});
