/**
 * One kind of request fails each time beside others that are well: it waits by itself, and holds up nothing.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const BAD = 'reports.push';
const ALSO_BAD = 'letters.send';
const GOOD = 'payments.push';
const CALL_MS = 20;
/** Fewer probes, so that hours are soon over. */
const SELDOM = { flow: { probeMsMax: 120_000 } };
const WORDS =
  /^every reports\.push fails at api since \d{4}\S+Z while other types succeed: they wait by themselves, next try (now|at \d{4}\S+Z); see holdfast operations$/;

const answered = (status: number): Error =>
  transientFailure(`The upstream answered ${status}.`, { status, notApplied: status === 503 });

/** An upstream with an endpoint for each type; what those of `fails` answer is a failure. */
function createUpstream(
  fails: (type: string, subject: string) => Error | null,
  api: NonNullable<RuntimeOptions['upstreams']>[string] = {},
) {
  const world = createWorld();
  const { clock, boot } = world;
  const startMs = clock.monotonic();
  const now = (): number => clock.monotonic() - startMs;
  const doneAtMs = new Map<string, number[]>();
  const calls: { readonly type: string; readonly subject: string; readonly atMs: number }[] = [];
  const handler = {
    upstream: 'api',
    honoursIdempotencyKey: true,
    run: async ({ type, subject }: { readonly type: string; readonly subject: string }) => {
      calls.push({ type, subject, atMs: now() });
      await new Promise<void>((resolve) => {
        clock.schedule(CALL_MS, resolve);
      });
      const failure = fails(type, subject);
      if (failure !== null) throw failure;
      doneAtMs.set(type, [...(doneAtMs.get(type) ?? []), now()]);
      return null;
    },
  };
  const { runtime } = boot({
    upstreams: { api },
    handlers: { [BAD]: handler, [ALSO_BAD]: handler, [GOOD]: handler },
  });
  const accept = async (type: string, count: number, more: object = {}) => {
    const all = Array.from({ length: count }, (_, n) =>
      runtime.sync({ type, subject: `user-${n % 7}`, payload: { n }, ...more }),
    );
    return await clock.run(Promise.all(all));
  };
  return {
    ...world,
    runtime,
    now,
    calls,
    accept,
    doneOf: (type: string) => doneAtMs.get(type) ?? [],
  };
}

describe('CB-2 a convoy', () => {
  test.each([500, 503, null])(
    'CB-2 300 requests to a broken endpoint, accepted first, hold up 300 to a well one by less than 10 s: %s',
    async (status) => {
      const failure = status === null ? transientFailure('The line broke.') : answered(status);
      const world = createUpstream((type) => (type === BAD ? failure : null));
      await world.accept(BAD, 300);
      await world.accept(GOOD, 300);
      await world.clock.advance(10_000);
      expect(world.doneOf(GOOD)).toHaveLength(300);
      await world.clock.run(world.runtime.close());
    },
  );

  test('CB-2 what is parked is tried again by itself, ever less often, and says so', async () => {
    let isBroken = true;
    const world = createUpstream((type) => (type === BAD && isBroken ? answered(500) : null));
    const { clock, runtime } = world;
    await world.accept(BAD, 30, { tier: 'premium' });
    await world.accept(GOOD, 30);
    await clock.advance(60_000);
    expect(world.doneOf(GOOD)).toHaveLength(30);
    // It is the only work there: what a probe of it says is nothing about the upstream.
    const health = runtime.getHealthStatus();
    expect(health.upstreams['api']).toMatchObject({ breaker: 'closed' });
    expect(health.overall).toBe('degraded');
    expect(health.reasons).toEqual([expect.stringMatching(WORDS)]);
    const before = world.calls.length;
    await clock.advance(60_000);
    expect(world.calls.length - before).toBeLessThan(25);
    // One that comes now waits with them, and a well one does not.
    const late = await clock.run(runtime.sync({ type: BAD, subject: 'user-1' }));
    await world.accept(GOOD, 1);
    await clock.advance(100);
    const { wait } = await clock.run(late.view());
    expect(wait?.reason).toBe('type');
    expect((wait?.untilAtMs ?? 0) - clock.now()).toBeLessThan(16_500);
    expect(world.doneOf(GOOD)).toHaveLength(31);
    isBroken = false;
    await clock.advance(20_000);
    expect((await clock.run(late.view())).state).toBe('completed');
    expect(runtime.getHealthStatus().reasons).toEqual([]);
    await clock.run(runtime.close());
  });

  test('RT-1 what is parked spends its attempts, and ends as dead letters in the end', async () => {
    const world = createUpstream((type) => (type === BAD ? answered(500) : null));
    const { clock, runtime } = world;
    await world.accept(BAD, 8);
    for (let minute = 0; minute < 20; minute += 1) {
      await world.accept(GOOD, 10);
      await clock.advance(60_000);
    }
    expect(world.doneOf(GOOD)).toHaveLength(200);
    expect(runtime.getHealthStatus().waiting.deadLettered).toBe(8);
    await clock.run(runtime.close());
  });

  test('RT-1 what failed while nothing else was tried is charged once another type succeeds, and its own fails again', async () => {
    const world = createUpstream((type) => (type === BAD ? answered(500) : null));
    const { clock, runtime } = world;
    await world.accept(BAD, 12, { tier: 'trial' });
    await clock.advance(30_000);
    expect(runtime.getHealthStatus().waiting.deadLettered).toBe(0);
    for (let number = 0; number < 16; number += 1) {
      await world.accept(GOOD, 1);
      await clock.advance(15_000);
    }
    expect(runtime.getHealthStatus().waiting.deadLettered).toBe(12);
    await clock.run(runtime.close());
  });

  test('CB-2 beside a type that fails, an outage is an outage, and all of it ends', async () => {
    const down = { isAll: false };
    const world = createUpstream((type) => (down.isAll || type === BAD ? answered(500) : null));
    const { clock, runtime } = world;
    await world.accept(BAD, 20);
    await world.accept(GOOD, 20);
    await clock.advance(20_000);
    down.isAll = true;
    await world.accept(GOOD, 50);
    await clock.advance(600_000);
    expect(runtime.getHealthStatus().upstreams['api']).toMatchObject({ breaker: 'open' });
    down.isAll = false;
    await clock.advance(20_000);
    expect(world.doneOf(GOOD)).toHaveLength(70);
    expect(runtime.getHealthStatus().upstreams['api']).toMatchObject({ breaker: 'closed' });
    await clock.run(runtime.close());
  });

  test('CB-2 what is parked, and well again, is found while another type keeps its upstream down', async () => {
    let broken: readonly string[] = [BAD, ALSO_BAD];
    const world = createUpstream((type) => (broken.includes(type) ? answered(500) : null));
    const { clock, runtime } = world;
    for (const type of broken) await world.accept(type, 20);
    await world.accept(GOOD, 20);
    await clock.advance(60_000);
    expect(runtime.getHealthStatus().upstreams['api']?.parkedTypes).toHaveLength(2);
    broken = [GOOD, BAD, ALSO_BAD];
    await world.accept(GOOD, 50);
    await clock.advance(60_000);
    expect(runtime.getHealthStatus().upstreams['api']).toMatchObject({ breaker: 'open' });
    broken = [GOOD, BAD];
    await clock.advance(180_000);
    expect(world.doneOf(ALSO_BAD)).toHaveLength(20);
    await clock.run(runtime.close());
  });
});

describe('RT-1 an outage', () => {
  test.each([
    [10, [GOOD]],
    [1, [GOOD, BAD]],
  ])('RT-1 %i hours of 500s end nothing, and all is done soon after: %o', async (hours, types) => {
    let isDown = true;
    const world = createUpstream(() => (isDown ? answered(500) : null), SELDOM);
    const { clock, runtime } = world;
    for (const type of types) await world.accept(type, 4);
    for (let hour = 0; hour < hours; hour += 1) {
      await clock.advance(3_600_000);
      for (const type of types) await world.accept(type, 1);
    }
    isDown = false;
    await clock.advance(150_000);
    expect(runtime.getHealthStatus().waiting.deadLettered).toBe(0);
    for (const type of types) expect(world.doneOf(type)).toHaveLength(4 + hours);
    expect(runtime.getHealthStatus().reasons).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CB-2 control: where half of the calls of every type fail none of them is parked', async () => {
    let calls = 0;
    const world = createUpstream(() => {
      calls += 1;
      return (calls * 7919) % 13 < 6 ? answered(503) : null;
    });
    const { clock, runtime } = world;
    for (const type of [GOOD, BAD]) await world.accept(type, 100);
    const said: string[] = [];
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1_000);
      said.push(...runtime.getHealthStatus().reasons.filter((reason) => WORDS.test(reason)));
    }
    expect(said).toEqual([]);
    for (const type of [GOOD, BAD]) expect(world.doneOf(type)).toHaveLength(100);
    await clock.run(runtime.close());
  });
});
