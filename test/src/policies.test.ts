/**
 * The policies in force in a running process: told with where they came from, and changed live.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Fact } from '../../actors/port.ts';
import type { PolicyLayers } from '../../machines/policy/layers/policyLayers.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { checkOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const MEMORY = { store: ':memory:' };

function fromOf(runtime: Runtime, name: string, scope: Parameters<Runtime['policies']>[0] = {}) {
  const reading = runtime.policies(scope).find((each) => each.name === name);
  return [reading?.value, reading?.from];
}

describe('policies among the options', () => {
  test('UX-2 each layer says where its values came from', () => {
    const { policies } = checkOptions({
      ...MEMORY,
      upstreams: { payments: { concurrency: 3 } },
      policies: {
        defaults: { degradation: { leaveShare: 0.5 } },
        tiers: {
          trial: { attemptTimeoutMs: 5_000, retry: { attemptsMax: 2 } },
          premium: { responseDeadlineMs: 900 },
        },
      },
    });
    expect(policies.operation('payments', 'trial', 'a.b')).toMatchObject({
      attemptTimeoutMs: 5_000,
      retry: { attemptsMax: 2 },
    });
    expect(policies.operation('payments', 'premium', 'a.b').responseDeadlineMs).toBe(900);
    expect(policies.process.degradation.leaveShare).toBe(0.5);
    expect(policies.upstream('payments').concurrency).toBe(3);
    const from = Object.fromEntries(
      policies
        .explain({ upstream: 'payments', tier: 'trial' })
        .map((each) => [each.name, each.from]),
    );
    expect(from).toMatchObject({
      'retry.attemptsMax': 'policies.tiers.trial',
      'degradation.leaveShare': 'policies.defaults',
      concurrency: 'upstreams.payments',
      attemptTimeoutMs: 'policies.tiers.trial',
      crisisConcurrency: 'built in',
    });
  });
});

describe('policies of a running process', () => {
  test('UX-2 are told with where they came from, that of a handler before all', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      upstreams: { payments: {} },
      handlers: {
        'a.b': { upstream: 'payments', run: () => null, attemptTimeoutMs: 1_234 },
      },
      policies: { defaults: { attemptTimeoutMs: 5_000 } },
    });
    await clock.run(runtime.ready);
    expect(fromOf(runtime, 'attemptTimeoutMs')).toEqual([5_000, 'policies.defaults']);
    const scope = { upstream: 'payments', type: 'a.b' };
    expect(fromOf(runtime, 'attemptTimeoutMs', scope)).toEqual([1_234, 'handlers.a.b']);
    expect(() => runtime.policies({ upstream: 'mail' })).toThrow(/no upstream of that name/);
    expect(() => runtime.policies({ tier: 'gold' })).toThrow(/must be one of/);
  });

  test('UX-2 a change holds at once, is told of, and can be taken back', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ policies: { tiers: { trial: { retry: { attemptsMax: 2 } } } } });
    await clock.run(runtime.ready);
    const facts: Fact[] = [];
    runtime.subscribe((fact) => facts.push(fact));
    const before = runtime.policyLayers();
    runtime.setPolicies({ ...before, tiers: { trial: { tierRate: { perSecond: 5, burst: 1 } } } });
    const scope = { tier: 'trial' } as const;
    expect(fromOf(runtime, 'tierRate', scope)).toEqual([
      { perSecond: 5, burst: 1 },
      'policies.tiers.trial',
    ]);
    expect(fromOf(runtime, 'retry.attemptsMax', scope)).toEqual([3, 'built in']);
    await clock.advance(1);
    expect(facts.filter(({ kind }) => kind === 'override.made')).toMatchObject([
      { what: 'policies.set' },
    ]);
    runtime.setPolicies(before);
    expect(fromOf(runtime, 'retry.attemptsMax', scope)[0]).toBe(2);
    expect(fromOf(runtime, 'tierRate', scope)[0]).toBeNull();
  });

  test('UX-2 a set that can not be used changes nothing and names the path', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ upstreams: { payments: { concurrency: 3 } } });
    await clock.run(runtime.ready);
    const before = runtime.policyLayers();
    const bad: PolicyLayers = {
      ...before,
      upstreams: { payments: { concurrency: 9, rate: { perSecond: -1, burst: 1 } } },
    };
    expect(() => {
      runtime.setPolicies(bad);
    }).toThrow(/policies\.upstreams\.payments\.rate\.perSecond must be a number/);
    expect(runtime.policyLayers()).toEqual(before);
    expect(fromOf(runtime, 'concurrency', { upstream: 'payments' })[0]).toBe(3);
  });

  test('RT-1 the next wait of an operation follows the policy that is in force then', async () => {
    const { clock, boot } = createWorld();
    const attempts: number[] = [];
    const { runtime } = boot({
      handlers: {
        'a.b': {
          upstream: 'default',
          run: ({ number }) => {
            attempts.push(clock.monotonic());
            if (number < 3) throw transientFailure('Not now.', { status: 500 });
            return null;
          },
        },
      },
      policies: { tiers: { basic: { retry: { initialDelayMs: 60_000, jitterMsMax: 0 } } } },
    });
    const operation = await clock.run(runtime.sync({ type: 'a.b', subject: 's', tier: 'basic' }));
    await clock.advance(1_000);
    runtime.setPolicies({ tiers: { basic: { retry: { initialDelayMs: 10, jitterMsMax: 0 } } } });
    await clock.run(operation.outcome);
    const waits = attempts.slice(1).map((atMs, index) => atMs - (attempts[index] ?? 0));
    expect(waits[0]).toBeGreaterThanOrEqual(60_000);
    expect(waits[1]).toBeLessThan(1_000);
  });
});
