import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import {
  conflictFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const CONCURRENCY = 3;

type Run = (attempt: Attempt) => Promise<Json> | Json;
const hang = async (): Promise<Json> => await new Promise<never>(() => undefined);
const answer = (): Json => null;

/** A process whose only upstream of its own is this one. */
function bootOn(world: World, upstream: string, run: Run, more: Partial<Handler> = {}): Process {
  const process = world.boot({
    upstreams: { [upstream]: { concurrency: CONCURRENCY, attemptTimeoutMs: 3_600_000 } },
    handlers: { 'payments.push': { ...more, upstream, run } },
  });
  process.runtime.ready.catch(() => undefined);
  return process;
}

/** At idle as many permits are out as attempts run: none. */
function expectNoPermitOut({ runtime }: Process, upstream: string): void {
  expect(runtime.getHealthStatus().operations.attemptsRunning).toBe(0);
  expect(runtime.upstream(upstream).inFlight).toBe(0);
}

/** As many new operations as there are slots, twice, all of them end. */
async function expectWorks({ clock }: World, process: Process, upstream: string): Promise<void> {
  for (let count = 0; count < 2 * CONCURRENCY; count += 1) {
    const { outcome } = await clock.run(process.runtime.sync(REQUEST));
    expect((await clock.run(outcome, 60_000)).status).toBe('completed');
  }
  expectNoPermitOut(process, upstream);
}

describe('OP-6 an upstream that is renamed', () => {
  test('OP-6 OP-7 SV-4 takes over what a clean stop interrupted, and loses no slot by it', async () => {
    const world = createWorld();
    const { clock } = world;
    const first = bootOn(world, 'old', hang);
    const ids: string[] = [];
    for (let count = 0; count < 2 * CONCURRENCY; count += 1) {
      ids.push((await clock.run(first.runtime.sync(REQUEST))).id);
    }
    await clock.run(first.runtime.close({ deadlineMs: 10 }));
    first.kill();
    const second = bootOn(world, 'new', answer);
    await clock.advance(60_000);
    for (const id of ids) {
      const view = await clock.run(second.runtime.operations.get(id).view());
      expect(view.state).toBe('completed');
    }
    await expectWorks(world, second, 'new');
    expect(second.errors).toEqual([]);
  });

  test('OP-4 OP-6 takes over what was freed in a lane', async () => {
    const world = createWorld();
    const { clock } = world;
    const first = bootOn(world, 'old', hang);
    const entity = { type: 'account', id: 'a1' };
    const ids: string[] = [];
    for (let count = 0; count < CONCURRENCY + 1; count += 1) {
      ids.push((await clock.run(first.runtime.sync({ ...REQUEST, entity }))).id);
    }
    first.runtime.upstream('old').forceOpen('maintenance');
    await clock.run(first.runtime.operations.get(ids[0] ?? '').cancel());
    first.kill();
    const second = bootOn(world, 'new', answer);
    await clock.advance(60_000);
    for (const id of ids.slice(1)) {
      const view = await clock.run(second.runtime.operations.get(id).view());
      expect(view.state).toBe('completed');
    }
    await expectWorks(world, second, 'new');
  });
});

describe('OP-5 OP-7 an operation that is retried before its handler is registered', () => {
  const parked: readonly (readonly [string, Partial<Handler>, Error])[] = [
    ['conflicted', {}, conflictFailure('Another version.', { status: 412 })],
    ['inReview', { honoursIdempotencyKey: false }, unknownOutcome('The connection broke.')],
    ['backingOff', {}, transientFailure('Busy.', { retryAfterMs: 3_600_000 })],
  ];

  /** Parks an operation so and ends the process. */
  async function park(world: World, more: Partial<Handler>, failure: Error): Promise<string> {
    const first = bootOn(world, 'payments', () => Promise.reject(failure), more);
    const { id } = await world.clock.run(first.runtime.sync(REQUEST));
    await world.clock.advance(1_000);
    await world.clock.run(first.runtime.close());
    first.kill();
    return id;
  }

  const handlerless = (world: World): Process =>
    world.boot({ upstreams: { payments: { concurrency: CONCURRENCY } } });

  test.each(parked)('OP-5 OP-7 %s, it goes on in this process', async (state, more, failure) => {
    const world = createWorld();
    const { clock } = world;
    const id = await park(world, more, failure);
    const second = handlerless(world);
    const operation = second.runtime.operations.get(id);
    expect((await clock.run(operation.view())).state).toBe(state);
    await clock.run(operation.retryNow());
    await clock.advance(10_000);
    expect((await clock.run(operation.view())).state).toBe('handlerMissing');
    await clock.run(second.runtime.handle('payments.push', { upstream: 'payments', run: answer }));
    expect((await clock.run(operation.outcome, 60_000)).status).toBe('completed');
    expectNoPermitOut(second, 'payments');
  });

  test.each(parked)('OP-5 OP-7 %s, it goes on in the next', async (_, more, failure) => {
    const world = createWorld();
    const { clock } = world;
    const id = await park(world, more, failure);
    const second = handlerless(world);
    await clock.run(second.runtime.operations.get(id).retryNow());
    second.kill();
    const third = bootOn(world, 'payments', answer);
    const operation = third.runtime.operations.get(id);
    expect((await clock.run(operation.outcome, 60_000)).status).toBe('completed');
    await expectWorks(world, third, 'payments');
  });
});
