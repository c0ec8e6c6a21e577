/**
 * Tiers of the app's own: each is like a built-in one, but for what it sets itself.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const MEMORY = { store: ':memory:' };
const TIERS = {
  gold: { like: 'premium', responseDeadlineMs: 500 },
  visitor: { like: 'trial', retry: { attemptsMax: 1 } },
} as const;
const FAST = { initialDelayMs: 10, delayMsMax: 10, jitterMsMax: 0 };

describe('PF-1 a tier of the app', () => {
  test('PF-1 is like a built-in one, its policies too, but for what it sets', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      tiers: TIERS,
      policies: { tiers: { premium: { retry: { attemptsMax: 4 } } } },
    });
    await clock.run(runtime.ready);
    const of = (tier: string, name: string) =>
      runtime.policies({ tier }).find((each) => each.name === name);
    expect(of('gold', 'responseDeadlineMs')).toMatchObject({ value: 500, from: 'tiers.gold' });
    expect(of('gold', 'retry.attemptsMax')).toMatchObject({
      value: 4,
      from: 'policies.tiers.premium',
    });
    expect(of('visitor', 'retry.attemptsMax')).toMatchObject({ value: 1, from: 'tiers.visitor' });
    expect(of('visitor', 'responseDeadlineMs')).toMatchObject({ value: 5_000, from: 'built in' });
    expect(of('premium', 'responseDeadlineMs')).toMatchObject({ value: 1_000 });
    expect(() => runtime.policies({ tier: 'silver' })).toThrow(/must be one of crisis, premium,/);
    const layers = runtime.policyLayers();
    runtime.setPolicies({ ...layers, tiers: { gold: { responseDeadlineMs: 700 } } });
    expect(of('gold', 'responseDeadlineMs')?.value).toBe(700);
  });

  test('OP-3 PF-1 goes in the order of the one that it is like, and answers are counted by its name', async () => {
    const { clock, boot } = createWorld();
    const ran: string[] = [];
    const run = ({ tier }: { readonly tier: string }): null => {
      ran.push(tier);
      return null;
    };
    const { runtime } = boot({
      tiers: TIERS,
      upstreams: { payments: { concurrency: 1 } },
      handlers: { 'a.b': { upstream: 'payments', run } },
    });
    await clock.run(runtime.ready);
    runtime.upstream('payments').forceOpen('so that all wait');
    for (const tier of ['visitor', 'basic', 'gold']) {
      await clock.run(runtime.sync({ type: 'a.b', subject: 's', tier }));
    }
    const found = await clock.run(runtime.operations.page({ tier: 'gold' }));
    expect(found.views).toMatchObject([{ tier: 'gold', priority: 'normal' }]);
    runtime.upstream('payments').release();
    await clock.advance(60_000);
    expect(ran).toEqual(['gold', 'basic', 'visitor']);
    expect(runtime.getHealthStatus().responseTimes).toMatchObject({
      gold: { count: 1 },
      visitor: { count: 1 },
      premium: { count: 0 },
    });
    await expect(
      clock.run(runtime.sync({ type: 'a.b', subject: 's', tier: 'silver' })),
    ).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID', field: 'tier' });
  });

  test('PF-5 has a rate of its own', async () => {
    const { clock, boot } = createWorld();
    const atMs: number[] = [];
    const { runtime } = boot({
      tiers: { bulk: { like: 'trial', tierRate: { perSecond: 1, burst: 1 } } },
      handlers: {
        'a.b': {
          upstream: 'default',
          run: ({ tier }) => {
            if (tier === 'bulk') atMs.push(clock.monotonic());
            return null;
          },
        },
      },
    });
    await clock.run(runtime.ready);
    for (let n = 0; n < 3; n += 1) {
      await clock.run(runtime.sync({ type: 'a.b', subject: `s${n}`, tier: 'bulk' }));
    }
    const trial = await clock.run(runtime.sync({ type: 'a.b', subject: 's', tier: 'trial' }));
    await clock.run(trial.outcome);
    expect(atMs).toHaveLength(1);
    await clock.advance(5_000);
    expect(atMs).toHaveLength(3);
    expect((atMs[2] ?? 0) - (atMs[0] ?? 0)).toBeGreaterThanOrEqual(1_990);
  });

  test('RT-1 work kept under a tier that is gone runs as the one that it was like, and that is reported', async () => {
    const { clock, boot } = createWorld();
    const atMs: number[] = [];
    const handlers: RuntimeOptions['handlers'] = {
      'a.b': {
        upstream: 'default',
        run: ({ number }) => {
          atMs.push(clock.monotonic());
          if (number < 3) throw transientFailure('Down.', { status: 500 });
          return null;
        },
      },
    };
    const first = boot({
      handlers,
      tiers: {
        slow: { like: 'basic', retry: { ...FAST, initialDelayMs: 9_000, delayMsMax: 9_000 } },
      },
    });
    const { id } = await clock.run(first.runtime.sync({ type: 'a.b', subject: 's', tier: 'slow' }));
    await clock.advance(1_000);
    first.kill();
    const errors: HoldfastError[] = [];
    const second = boot({
      handlers,
      policies: { tiers: { basic: { retry: FAST } } },
      onError: (error) => errors.push(error as HoldfastError),
    });
    await clock.run(second.runtime.ready);
    const { outcome } = second.runtime.operations.get(id);
    expect(await clock.run(outcome)).toMatchObject({ status: 'completed' });
    // By the waits of its own tier the third would be nine seconds after the second.
    expect((atMs[2] ?? 0) - (atMs[1] ?? 0)).toBeLessThan(1_000);
    expect(errors.map(({ code, message }) => [code, message.slice(0, 40)])).toContainEqual([
      'HF_TIER_GONE',
      'Operations were kept under tier slow, wh',
    ]);
  });
});

describe('UX-2 tiers among the options', () => {
  const nine = Object.fromEntries(Array.from('abcdefghi', (name) => [name, { like: 'basic' }]));
  test.each<[what: string, options: object, field: string, rule: RegExp]>([
    ['like none', { tiers: { gold: {} } }, 'tiers.gold.like', /is missing/],
    ['like an unknown one', { tiers: { gold: { like: 'silver' } } }, 'tiers.gold.like', /premium/],
    ['built in', { tiers: { basic: { like: 'basic' } } }, 'tiers.basic', /policies\.tiers\.basic/],
    ['named crisis', { tiers: { crisis: { like: 'basic' } } }, 'tiers.crisis', /not crisis/],
    ['too many', { tiers: nine }, 'tiers', /at most 8/],
    [
      'with a policy of upstreams',
      { tiers: { gold: { like: 'basic', concurrency: 1 } } },
      'tiers.gold.concurrency',
      /is not known/,
    ],
    [
      'set in two places',
      { tiers: TIERS, policies: { tiers: { gold: { responseDeadlineMs: 1 } } } },
      'policies.tiers.gold',
      /in tiers\.gold/,
    ],
    ['no default', { defaultTier: 'gold' }, 'defaultTier', /must be one of premium/],
  ])('UX-2 one that is %s is refused at once', (_, options, field, rule) => {
    expect(() => createRuntime({ ...MEMORY, ...options })).toThrow(
      expect.objectContaining({
        code: 'HF_OPTION_INVALID',
        field,
        message: expect.stringMatching(rule),
      }),
    );
  });
});
