import { describe, expect, test } from 'vitest';
import { BUILT_IN_POLICIES } from '../../../../machines/policy/layers/policyFields.ts';
import { entriesOf, type PolicyLayers } from '../../../../machines/policy/layers/policyLayers.ts';
import { PolicyTable } from '../../../../machines/policy/layers/policyTable.ts';
import { isTypeName } from '../../../../machines/policy/request/request.ts';
import { RETRY_CLASSES, TIERS } from '../../../../machines/vocabulary/urgency.ts';

function tableOf(layers: PolicyLayers = {}): PolicyTable {
  return new PolicyTable(entriesOf(layers, new Set(['payments', 'mail']), isTypeName));
}

function fromOf(table: PolicyTable, name: string, scope: Parameters<PolicyTable['explain']>[0]) {
  return table.explain(scope).find((reading) => reading.name === name);
}

describe('layers of policies', () => {
  test('PF-1 UX-2 without a layer everything is built in, by class', () => {
    const table = tableOf();
    for (const tier of RETRY_CLASSES) {
      expect(table.operation('payments', tier, 'a.b')).toEqual({
        attemptTimeoutMs: BUILT_IN_POLICIES[tier].attemptTimeoutMs,
        retry: BUILT_IN_POLICIES[tier].retry,
        responseDeadlineMs: BUILT_IN_POLICIES[tier].responseDeadlineMs,
      });
    }
    for (const { layer, from } of table.explain())
      expect([layer, from]).toEqual(['builtIn', 'built in']);
  });

  test('PF-1 the most specific layer that says anything wins: type, then tier, upstream, defaults', () => {
    const layers = {
      defaults: { attemptTimeoutMs: 1 },
      upstreams: { payments: { attemptTimeoutMs: 2 } },
      tiers: { trial: { attemptTimeoutMs: 3 } },
      types: { 'a.b': { attemptTimeoutMs: 4 } },
    };
    const table = tableOf(layers);
    const scopes = [
      { upstream: 'mail', tier: 'basic', type: 'c.d' },
      { upstream: 'payments', tier: 'basic', type: 'c.d' },
      { upstream: 'payments', tier: 'trial', type: 'c.d' },
      { upstream: 'payments', tier: 'trial', type: 'a.b' },
    ] as const;
    const inForce = scopes.map(
      ({ upstream, tier, type }) => table.operation(upstream, tier, type).attemptTimeoutMs,
    );
    expect(inForce).toEqual([1, 2, 3, 4]);
    expect(scopes.map((scope) => fromOf(table, 'attemptTimeoutMs', scope)?.from)).toEqual([
      'policies.defaults',
      'policies.upstreams.payments',
      'policies.tiers.trial',
      'policies.types.a.b',
    ]);
  });

  test('RT-1 what has parts is put together part by part, each with where it came from', () => {
    const table = tableOf({
      defaults: { retry: { multiplier: 3 } },
      tiers: { premium: { retry: { attemptsMax: 9 } } },
      types: { 'a.b': { retry: { initialDelayMs: 50 } } },
    });
    const scope = { upstream: 'payments', tier: 'premium', type: 'a.b' } as const;
    expect(table.operation('payments', 'premium', 'a.b').retry).toMatchObject({
      multiplier: 3,
      attemptsMax: 9,
      initialDelayMs: 50,
      delayMsMax: 30_000,
    });
    const froms = ['multiplier', 'attemptsMax', 'initialDelayMs', 'delayMsMax'].map(
      (part) => fromOf(table, `retry.${part}`, scope)?.from,
    );
    expect(froms).toEqual([
      'policies.defaults',
      'policies.tiers.premium',
      'policies.types.a.b',
      'built in',
    ]);
  });

  test('PF-5 null is a value: a tier without the limit that its upstream has', () => {
    const limit = { perSecond: 1, burst: 1 };
    const table = tableOf({
      upstreams: { payments: { subjectRate: limit } },
      tiers: { premium: { subjectRate: null } },
    });
    expect(table.tiers('payments').premium.subjectRate).toBeNull();
    expect(table.tiers('payments').trial.subjectRate).toEqual(limit);
    expect(TIERS.map((tier) => table.tiers('mail')[tier].subjectRate)).toEqual([null, null, null]);
  });

  test('CR-4 no layer gives a crisis up, limits it or changes when it is answered', () => {
    const table = tableOf({
      defaults: {
        responseDeadlineMs: 9,
        retry: { thenEveryMs: null, attemptsMax: 3 },
      },
      types: { 'a.b': { retry: { giveUpAfterMs: 1 } } },
    });
    const crisis = table.operation('payments', 'crisis', 'a.b');
    expect(crisis).toMatchObject({ responseDeadlineMs: 200 });
    expect(crisis.retry).toMatchObject({
      attemptsMax: 3,
      thenEveryMs: 30_000,
      giveUpAfterMs: null,
    });
    expect(table.operation('payments', 'basic', 'a.b').retry.giveUpAfterMs).toBe(1);
  });

  test.each<[what: string, layers: object, field: string, rule: RegExp]>([
    ['a layer that is none', { upstream: {} }, 'policies.upstream', /mean upstreams/],
    ['an upstream that is none', { upstreams: { pay: {} } }, 'policies.upstreams.pay', /payments/],
    ['a tier that is none', { tiers: { gold: {} } }, 'policies.tiers.gold', /premium/],
    ['a type that is none', { types: { 'a b': {} } }, 'policies.types.a b', /no type/],
    [
      'slots for a type',
      { types: { 'a.b': { concurrency: 1 } } },
      'policies.types.a.b.concurrency',
      /known are attemptTimeoutMs/,
    ],
    [
      'a limit for crises',
      { tiers: { crisis: { tierRate: null } } },
      'policies.tiers.crisis.tierRate',
      /is not known/,
    ],
    [
      'a limit without a burst',
      { upstreams: { mail: { rate: { perSecond: 1 } } } },
      'policies.upstreams.mail.rate.burst',
      /is missing/,
    ],
    [
      'a rate of 0',
      { defaults: { rate: { perSecond: 0, burst: 1 } } },
      'policies.defaults.rate.perSecond',
      /must be a number/,
    ],
    [
      'a misspelt part',
      { tiers: { trial: { retry: { attempts: 1 } } } },
      'policies.tiers.trial.retry.attempts',
      /attemptsMax/,
    ],
    [
      'parts that are at odds over two layers',
      {
        tiers: { trial: { retry: { initialDelayMs: 90_000 } } },
        types: { 'a.b': { retry: { delayMsMax: 60_000 } } },
      },
      'policies.types.a.b.retry.delayMsMax',
      /must not be below/,
    ],
    [
      'a breaker at odds with itself',
      { upstreams: { mail: { breaker: { windowCalls: 5, windowCallsMin: 9 } } } },
      'policies.upstreams.mail.breaker.windowCallsMin',
      /must not be above/,
    ],
  ])('UX-2 %s is refused with its path', (_, layers, field, rule) => {
    try {
      tableOf(layers);
    } catch (error) {
      expect(error).toMatchObject({ code: 'HF_OPTION_INVALID', field });
      expect(String(error)).toMatch(rule);
      return;
    }
    expect.unreachable();
  });
});
