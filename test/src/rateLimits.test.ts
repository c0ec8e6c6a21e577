/**
 * Rate limits through the whole runtime, in virtual time: what has no token parks; it is never failed,
 * lost or charged an attempt, and the pace holds over hours and restarts.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Attempt, Fact } from '../../actors/port.ts';
import type { RateLimit } from '../../machines/policy/flow/tokenRate.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { TierName } from '../../machines/vocabulary/urgency.ts';
import type { Operation } from '../../src/operation.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const HOUR_MS = 3_600_000;

interface Call {
  readonly atMs: number;
  readonly subject: string;
  readonly tier: TierName;
  readonly number: number;
  readonly name: unknown;
}

function scene(policies: RuntimeOptions['policies'], upstream: object = {}) {
  const world = createWorld();
  const calls: Call[] = [];
  const startMs = world.clock.monotonic();
  const run = ({ subject, tier, number, payload }: Attempt): null => {
    const atMs = world.clock.monotonic() - startMs;
    calls.push({ atMs, subject, tier, number, name: payload });
    return null;
  };
  const boot = () =>
    world.boot({
      upstreams: { payments: upstream },
      handlers: { 'a.b': { upstream: 'payments', run } },
      ...(policies === undefined ? {} : { policies }),
    });
  return { ...world, calls, boot };
}

async function send(
  runtime: Runtime,
  name: string,
  how: Partial<Omit<SyncRequest, 'type' | 'payload'>> = {},
): Promise<Operation> {
  const usual = { subject: 'user-1', tier: 'basic', priority: 'normal' } as const;
  return await runtime.sync({ type: 'a.b', ...usual, ...how, payload: name });
}

/** By how many calls the busiest span is above what the limit allows. */
function excess(calls: readonly Call[], { perSecond, burst }: RateLimit): number {
  const at = calls.map(({ atMs }) => atMs).toSorted((one, other) => one - other);
  let most = Number.NEGATIVE_INFINITY;
  for (const [first, fromMs] of at.entries()) {
    for (let last = first; last < at.length; last++) {
      const seconds = ((at[last] ?? 0) - fromMs) / 1_000;
      most = Math.max(most, last - first + 1 - (burst + perSecond * seconds));
    }
  }
  return most;
}

describe('rate limits', () => {
  test('PF-5 a subject begins no more than its rate allows; all of it completes, at its first attempt', async () => {
    const limit = { perSecond: 0.05, burst: 3 };
    const { clock, boot, calls } = scene({ defaults: { subjectRate: limit } });
    const { runtime } = boot();
    const facts: Fact[] = [];
    runtime.subscribe((fact) => facts.push(fact));
    const operations = await clock.run(
      Promise.all(Array.from({ length: 200 }, (_, index) => send(runtime, `${index}`))),
    );
    await clock.advance(60_000);
    const views = await clock.run(Promise.all(operations.map((each) => each.view())));
    const parked = views.filter(({ state }) => state === 'rateLimited');
    expect(parked.length).toBeGreaterThan(0);
    for (const { attempt } of parked) expect(attempt).toBe(1);
    await clock.advance(2 * HOUR_MS);
    const outcomes = await clock.run(Promise.all(operations.map((each) => each.outcome)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['completed']));
    expect(new Set(calls.map(({ number }) => number))).toEqual(new Set([1]));
    expect(calls).toHaveLength(200);
    expect(excess(calls, limit)).toBeLessThan(1e-6);
    expect(facts.filter(({ kind }) => kind === 'attempt.failed')).toEqual([]);
    expect(JSON.stringify(facts)).not.toContain('user-1');
  });

  test('HM-1 PF-5 health counts those that wait for their rate while they do, and nothing else need happen', async () => {
    const { clock, boot } = scene({ defaults: { subjectRate: { perSecond: 0.05, burst: 1 } } });
    const { runtime } = boot();
    const counted = () => {
      const { rateLimited, turn } = runtime.getHealthStatus().waiting;
      return { rateLimited, turn };
    };
    await clock.run(Promise.all(['1', '2', '3'].map(async (name) => await send(runtime, name))));
    await clock.advance(1_000);
    expect(counted()).toEqual({ rateLimited: 2, turn: 0 });
    await clock.advance(60_000);
    expect(counted()).toEqual({ rateLimited: 0, turn: 0 });
  });

  test('HM-1 PF-5 one whose token is due and whose upstream is not there waits for that, and not for its rate', async () => {
    const { clock, boot } = scene({ defaults: { subjectRate: { perSecond: 0.05, burst: 1 } } });
    const { runtime } = boot();
    await clock.run(send(runtime, '1'));
    const second = await clock.run(send(runtime, '2'));
    await clock.advance(1_000);
    const before = await clock.run(second.view());
    expect(before.wait?.reason).toBe('rate');
    expect(before.wait?.untilAtMs).toBeGreaterThan(clock.now());
    runtime.upstream('payments').forceOpen('maintenance');
    await clock.advance(60_000);
    const { state, wait } = await clock.run(second.view());
    expect(state).toBe('rateLimited');
    expect(wait).toMatchObject({ reason: 'operator', untilAtMs: null });
  });

  test('PF-5 one subject that waits holds up no other, nor another tier', async () => {
    const { clock, boot, calls } = scene({
      defaults: { subjectRate: { perSecond: 0.1, burst: 1 } },
      tiers: { trial: { tierRate: { perSecond: 1, burst: 1 } } },
    });
    const { runtime } = boot();
    await clock.run(Promise.all(Array.from({ length: 50 }, (_, at) => send(runtime, `a${at}`))));
    const trials = Array.from({ length: 5 }, (_, at) =>
      send(runtime, `t${at}`, { subject: `trial-${at}`, tier: 'trial' }),
    );
    await clock.run(Promise.all([send(runtime, 'other', { subject: 'user-2' }), ...trials]));
    await clock.advance(10);
    expect(calls.some(({ name }) => name === 'other')).toBe(true);
    await clock.advance(10_000);
    expect(calls.filter(({ tier }) => tier === 'trial')).toHaveLength(5);
    expect(
      excess(
        calls.filter(({ tier }) => tier === 'trial'),
        { perSecond: 1, burst: 1 },
      ),
    ).toBeLessThan(1e-6);
  });

  test('PF-5 urgent work of a subject goes before what has waited longer', async () => {
    const { clock, boot, calls } = scene({ defaults: { subjectRate: { perSecond: 1, burst: 1 } } });
    const { runtime } = boot();
    await clock.run(
      Promise.all(
        Array.from({ length: 30 }, (_, at) => send(runtime, `low${at}`, { priority: 'low' })),
      ),
    );
    await clock.advance(3_000);
    await clock.run(send(runtime, 'high', { priority: 'high' }));
    await clock.advance(2_000);
    const place = calls.findIndex(({ name }) => name === 'high');
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place).toBeLessThanOrEqual(5);
    await clock.advance(120_000);
    expect(calls).toHaveLength(31);
  });

  test.each(['subject', 'upstream'])(
    'PF-5 a killed process and its successor keep the pace together, and lose nothing: %s',
    async (of) => {
      const limit = { perSecond: 0.5, burst: 4 };
      const { clock, boot, calls } =
        of === 'subject'
          ? scene({ defaults: { subjectRate: limit } })
          : scene(undefined, { rate: limit });
      let sent = 0;
      // Each life finds what the one before it left, and is sent more at once.
      for (let lives = 0; lives < 4; lives++) {
        const life = boot();
        await clock.run(life.runtime.ready);
        const more = Array.from({ length: 15 }, () => {
          sent += 1;
          return send(life.runtime, `${sent}`);
        });
        await clock.run(Promise.all(more));
        if (lives === 3) break;
        await clock.advance(7_000);
        life.kill();
      }
      await clock.advance(HOUR_MS);
      expect(new Set(calls.map(({ name }) => name)).size).toBe(60);
      expect(excess(calls, limit)).toBeLessThan(1e-6);
    },
  );

  test('PF-5 a crisis passes', async () => {
    const { clock, boot, calls } = scene({
      defaults: {
        subjectRate: { perSecond: 0.001, burst: 1 },
        tierRate: { perSecond: 0.001, burst: 1 },
      },
    });
    const { runtime } = boot();
    await clock.run(Promise.all([send(runtime, 'one'), send(runtime, 'two')]));
    await clock.run(send(runtime, 'crisis', { priority: 'crisis' }));
    await clock.advance(100);
    expect(calls.map(({ name }) => name)).toContain('crisis');
    expect(calls).toHaveLength(2);
  });

  test('PF-5 the rate of an upstream holds over all that it is sent, and parks nothing for good', async () => {
    const limit = { perSecond: 2, burst: 5 };
    const { clock, boot, calls } = scene(undefined, { rate: limit });
    const { runtime } = boot();
    const operations = await clock.run(
      Promise.all(
        Array.from({ length: 100 }, (_, at) => send(runtime, `${at}`, { subject: `user-${at}` })),
      ),
    );
    await clock.advance(70_000);
    const outcomes = await clock.run(Promise.all(operations.map((each) => each.outcome)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['completed']));
    expect(calls).toHaveLength(100);
    expect(excess(calls, limit)).toBeLessThan(1e-6);
  });

  test.each(['cancelled', 'expired'])(
    'PF-5 nobody waits for the turn of what is over by then: %s',
    async (how) => {
      const { clock, boot, calls } = scene({
        defaults: { subjectRate: { perSecond: 0.1, burst: 1 } },
      });
      const { runtime } = boot();
      await clock.run(send(runtime, 'first'));
      const expiry = how === 'expired' ? { expiresAtMs: clock.now() + 2_000 } : {};
      const gone = await clock.run(
        Promise.all(Array.from({ length: 20 }, (_, at) => send(runtime, `gone${at}`, expiry))),
      );
      await clock.advance(1_000);
      if (how === 'cancelled') await clock.run(Promise.all(gone.map((each) => each.cancel())));
      await clock.advance(2_000);
      await clock.run(send(runtime, 'next'));
      await clock.advance(8_000);
      expect(calls.map(({ name }) => name)).toEqual(['first', 'next']);
    },
  );

  test.each(['subject', 'upstream'])(
    'PF-5 a request that does not begin gives its token back: %s',
    async (of) => {
      const limit = { perSecond: 0.001, burst: 3 };
      const { clock, boot, calls } =
        of === 'subject'
          ? scene({ defaults: { subjectRate: limit } })
          : scene(undefined, { rate: limit });
      const { runtime } = boot();
      const key = { idempotencyKey: 'key-1' };
      await clock.run(send(runtime, 'first', key));
      for (let each = 0; each < 5; each++) await clock.run(send(runtime, 'first', key));
      // The second finds its lane taken, and takes its token at its turn.
      const lane = { entity: { type: 'account', id: 'a1' } };
      await clock.run(Promise.all([send(runtime, 'second', lane), send(runtime, 'third', lane)]));
      await clock.advance(100);
      expect(calls.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
    },
  );
});
