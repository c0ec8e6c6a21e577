/** What a table of policies answers, and what it explains of that, for every policy there is. */

import { describe, expect, test } from 'vitest';
import {
  BUILT_IN_POLICIES,
  POLICY_NAMES,
  POLICY_PARTS,
} from '../../../../machines/policy/layers/policyFields.ts';
import {
  entriesOf,
  type PolicyEntry,
  type PolicyLayers,
} from '../../../../machines/policy/layers/policyLayers.ts';
import { type PolicyScope, PolicyTable } from '../../../../machines/policy/layers/policyTable.ts';
import { isTypeName } from '../../../../machines/policy/request/request.ts';

const entries = (layers: PolicyLayers) =>
  entriesOf(layers, new Set(['payments', 'mail', 'trial']), isTypeName);
const tableOf = (layers: PolicyLayers = {}) => new PolicyTable(entries(layers));
const RATE = { perSecond: 50, burst: 10 };

/** What is told of one policy there. */
function told(table: PolicyTable, name: string, scope: PolicyScope = {}) {
  const reading = table.explain(scope).find((each) => each.name === name);
  return [reading?.value, reading?.from];
}

describe('PF-1 what an upstream, a tier and the process have', () => {
  test('PF-1 everything that is set for an upstream holds there, and nowhere else', () => {
    const set = {
      breaker: { windowCalls: 50, windowCallsMin: 20 },
      flow: { slotsAtStart: 3 },
      concurrency: 9,
      crisisConcurrency: 4,
      rate: RATE,
      attemptTimeoutMs: 7_000,
    };
    const table = tableOf({ upstreams: { payments: set } });
    expect(table.upstream('payments')).toMatchObject({
      ...set,
      flow: { slotsAtStart: 3, slotsMax: 9, timeoutMsMax: 7_000 },
    });
    const { breaker, concurrency, crisisConcurrency } = BUILT_IN_POLICIES.basic;
    expect(table.upstream('mail')).toMatchObject({
      ...{ breaker, concurrency, crisisConcurrency, rate: null, attemptTimeoutMs: 10_000 },
      flow: { slotsMax: 128, timeoutMsMax: 10_000 },
    });
  });

  test('PF-5 the limits of tiers are those of their upstream or their own', () => {
    const table = tableOf({
      upstreams: { payments: { tierRate: RATE } },
      tiers: { basic: { subjectRate: RATE } },
    });
    const none = { subjectRate: null, tierRate: null };
    expect(table.tiers('payments')).toEqual({
      premium: { ...none, tierRate: RATE },
      basic: { subjectRate: RATE, tierRate: RATE },
      trial: { ...none, tierRate: RATE },
    });
    expect(table.tiers('mail')).toEqual({
      premium: none,
      basic: { ...none, subjectRate: RATE },
      trial: none,
    });
  });

  test('DG-1 what is set for the process holds for it', () => {
    const degradation = { eventLoopDelayMsLimited: 77 };
    expect(tableOf({ defaults: { degradation, watchdogMs: 5 } }).process).toMatchObject({
      degradation,
      watchdogMs: 5,
    });
    expect(tableOf().process).toMatchObject({ watchdogMs: 10_000 });
  });

  test('RT-1 the retries of a type are those of its operations, by class', () => {
    const table = tableOf({ types: { 'a.b': { retry: { multiplier: 4 } } } });
    for (const tier of ['crisis', 'premium', 'basic', 'trial'] as const) {
      const { retry } = table.operation('payments', tier, 'a.b');
      expect(table.retries('payments', 'a.b')[tier]).toBe(retry);
      expect(retry.multiplier).toBe(4);
    }
  });

  test('PF-1 what a handler says of its attempts goes before all, within the bounds of crises', () => {
    const table = tableOf({ types: { 'a.b': { attemptTimeoutMs: 60_000 } } });
    const ms = (tier: 'basic' | 'crisis', attemptTimeoutMs?: number) =>
      table.attemptTimeoutMs({ upstream: 'payments', attemptTimeoutMs }, tier, 'a.b');
    expect([ms('basic'), ms('basic', 90_000), ms('basic', 5)]).toEqual([60_000, 90_000, 5]);
    expect([ms('crisis'), ms('crisis', 5), ms('crisis', 8_000)]).toEqual([25_000, 5_000, 8_000]);
  });

  test('PF-1 an answer is made once, and types of which nothing was written share theirs', () => {
    const table = tableOf({
      upstreams: { trial: { concurrency: 3 } },
      types: { 'a.b': { attemptTimeoutMs: 1 } },
    });
    expect(table.upstream('payments')).toBe(table.upstream('payments'));
    expect(table.tiers('payments')).toBe(table.tiers('payments'));
    const of = (type: string, upstream = 'payments') => table.operation(upstream, 'basic', type);
    expect(of('a.b')).toBe(of('a.b'));
    expect(of('c.d')).toBe(of('e.f'));
    // Its name is that of an upstream of which something was written.
    expect(of('trial')).toBe(of('c.d'));
    expect(of('c.d')).not.toBe(of('c.d', 'mail'));
    expect(of('c.d')).not.toBe(of('a.b'));
  });
});

describe('PF-1 entries', () => {
  const entry = (
    layer: PolicyEntry['layer'],
    name: string | null,
    settings: PolicyEntry['settings'],
  ): PolicyEntry => ({ layer, name, settings, path: `${layer} ${name}` });

  test('PF-1 are told the widest first, in whatever order they were written', () => {
    const given = [
      entry('type', 'a.b', { attemptTimeoutMs: 1 }),
      entry('tier', 'trial', { attemptTimeoutMs: 2 }),
      entry('defaults', null, { attemptTimeoutMs: 3 }),
      entry('upstream', 'mail', { attemptTimeoutMs: 4 }),
    ];
    const table = new PolicyTable(given);
    expect(table.entries.map(({ layer }) => layer)).toEqual([
      'defaults',
      'upstream',
      'tier',
      'type',
    ]);
  });

  test('PF-1 of one place all hold, the later before the earlier', () => {
    const table = new PolicyTable([
      entry('upstream', 'mail', { concurrency: 1, rate: RATE }),
      entry('upstream', 'mail', { concurrency: 2, rate: undefined }),
      entry('upstream', 'mail', { retry: { multiplier: 3, attemptsMax: 4 } }),
      entry('upstream', 'mail', { retry: { multiplier: 5 } }),
    ]);
    expect(table.upstream('mail')).toMatchObject({ concurrency: 2, rate: RATE });
    expect(table.operation('mail', 'basic', 'a.b').retry).toMatchObject({
      multiplier: 5,
      attemptsMax: 4,
    });
  });

  test.each<[what: string, layers: PolicyLayers, field: string]>([
    [
      'a breaker of all upstreams',
      { defaults: { breaker: { windowCalls: 5, windowCallsMin: 9 } } },
      'policies.defaults.breaker.windowCallsMin',
    ],
    [
      'slots at the start of all upstreams',
      { defaults: { concurrency: 4, flow: { slotsMin: 5 } } },
      'policies.defaults.flow.slotsMin',
    ],
    [
      'slots of an upstream of its own concurrency',
      { defaults: { flow: { slotsMin: 5 } }, upstreams: { mail: { concurrency: 4 } } },
      'policies.defaults.flow.slotsMin',
    ],
    [
      'retries of an upstream and a tier',
      {
        upstreams: { mail: { retry: { initialDelayMs: 90_000, delayMsMax: 95_000 } } },
        tiers: { basic: { retry: { delayMsMax: 60_000 } } },
      },
      'policies.tiers.basic.retry.delayMsMax',
    ],
    [
      'levels of the process',
      {
        defaults: {
          degradation: { eventLoopDelayMsLimited: 50, eventLoopDelayMsCriticalOnly: 40 },
        },
      },
      'policies.defaults.degradation.eventLoopDelayMsCriticalOnly',
    ],
  ])('UX-2 %s that are at odds are refused at once, with their path', (_, layers, field) => {
    expect(() => tableOf(layers)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field }) as Error,
    );
  });
});

describe('UX-2 what is explained', () => {
  test('UX-2 is every policy, part by part, with the values that are in force', () => {
    const breaker = { windowCalls: 50, windowCallsMin: 20 };
    const mail = { concurrency: 9, flow: { slotsAtStart: 3 }, breaker };
    const table = tableOf({ upstreams: { mail } });
    const readings = table.explain({ upstream: 'mail', tier: 'basic', type: 'a.b' });
    const { slotsMax, timeoutMsMax, ...flow } = table.upstream('mail').flow;
    expect([slotsMax, timeoutMsMax]).toEqual([9, 10_000]);
    const parts: Readonly<Record<string, object>> = {
      retry: table.operation('mail', 'basic', 'a.b').retry,
      breaker: table.upstream('mail').breaker,
      flow,
      degradation: table.process.degradation,
    };
    const expected = POLICY_NAMES.flatMap((name): [string, unknown][] =>
      name in POLICY_PARTS
        ? Object.entries(parts[name] ?? {}).map(([part, value]) => [`${name}.${part}`, value])
        : [[name, name === 'concurrency' ? 9 : BUILT_IN_POLICIES.basic[name]]],
    );
    expect(readings.map(({ name, value }) => [name, value])).toEqual(expected);
    expect(told(table, 'flow.slotsAtStart', { upstream: 'mail' })).toEqual([
      3,
      'policies.upstreams.mail',
    ]);
  });

  test('UX-2 of a crisis: its bounds, and nothing of what is promised', () => {
    const table = tableOf({
      defaults: { attemptTimeoutMs: 90_000, responseDeadlineMs: 9, concurrency: 40_000 },
    });
    const scope = { upstream: 'mail', tier: 'crisis' } as const;
    expect(told(table, 'attemptTimeoutMs', scope)).toEqual([25_000, 'policies.defaults']);
    expect(told(table, 'responseDeadlineMs', scope)).toEqual([200, 'built in']);
    expect(told(table, 'concurrency', scope)).toEqual([128, 'built in']);
    expect(told(table, 'attemptTimeoutMs', { tier: 'basic' })).toEqual([
      90_000,
      'policies.defaults',
    ]);
    expect(told(table, 'concurrency')).toEqual([40_000, 'policies.defaults']);
  });

  test('UX-2 a part that is given as undefined is left to a wider layer', () => {
    const table = tableOf({
      defaults: { retry: { multiplier: 3 }, attemptTimeoutMs: 4 },
      types: { 'a.b': { retry: { multiplier: undefined as never }, attemptTimeoutMs: undefined } },
    });
    const scope = { type: 'a.b' };
    expect(told(table, 'retry.multiplier', scope)).toEqual([3, 'policies.defaults']);
    expect(told(table, 'attemptTimeoutMs', scope)).toEqual([4, 'policies.defaults']);
    expect(table.operation('mail', 'basic', 'a.b')).toMatchObject({
      attemptTimeoutMs: 4,
      retry: { multiplier: 3 },
    });
  });

  test('UX-2 null is told as set', () => {
    const table = tableOf({
      upstreams: { mail: { rate: RATE } },
      defaults: { tierRate: RATE },
      tiers: { basic: { tierRate: null } },
    });
    expect(told(table, 'tierRate', { tier: 'basic' })).toEqual([null, 'policies.tiers.basic']);
    expect(told(table, 'rate', { upstream: 'mail' })).toEqual([RATE, 'policies.upstreams.mail']);
    expect(told(table, 'rate')).toEqual([null, 'built in']);
  });
});
