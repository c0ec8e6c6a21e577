/** How the layers of policies are read, and what is refused of one layer by itself. */

import { describe, expect, test } from 'vitest';
import {
  checkParts,
  entriesOf,
  LAYER_PATHS,
  layersOf,
  type PolicyLayers,
} from '../../../../machines/policy/layers/policyLayers.ts';
import { isTypeName } from '../../../../machines/policy/request/request.ts';
import { NO_OWN_TIERS } from '../../../../machines/vocabulary/urgency.ts';

const UPSTREAMS = new Set(['payments', 'mail']);
const RATE = { perSecond: 50, burst: 10 };
const LAYERS: PolicyLayers = {
  defaults: { attemptTimeoutMs: 5_000 },
  upstreams: { payments: { rate: RATE } },
  tiers: { trial: { subjectRate: null } },
  types: { 'report.render': { attemptTimeoutMs: 60_000 } },
};
const read = (layers: unknown, paths = LAYER_PATHS) =>
  entriesOf(layers as PolicyLayers, UPSTREAMS, isTypeName, NO_OWN_TIERS, paths);

test('UX-2 each layer is an entry with the place where it was written, the widest first', () => {
  expect(read(LAYERS)).toEqual([
    { layer: 'defaults', name: null, settings: LAYERS.defaults, path: 'policies.defaults' },
    {
      layer: 'upstream',
      name: 'payments',
      settings: { rate: RATE },
      path: 'policies.upstreams.payments',
    },
    { layer: 'tier', name: 'trial', settings: { subjectRate: null }, path: 'policies.tiers.trial' },
    {
      layer: 'type',
      name: 'report.render',
      settings: { attemptTimeoutMs: 60_000 },
      path: 'policies.types.report.render',
    },
  ]);
  expect(read({})).toEqual([]);
  const own = { defaults: 'd', upstream: 'u', tier: 'i', type: 'y' };
  expect(read(LAYERS, own).map(({ path }) => path)).toEqual([
    'd',
    'u.payments',
    'i.trial',
    'y.report.render',
  ]);
});

test('UX-2 entries are layers again, those of one place together, the later value first', () => {
  expect(layersOf(read(LAYERS))).toEqual(LAYERS);
  expect(layersOf([])).toEqual({ defaults: {}, upstreams: {}, tiers: {}, types: {} });
  const path = '';
  expect(
    layersOf([
      { layer: 'defaults', name: null, settings: { concurrency: 1, watchdogMs: 1 }, path },
      { layer: 'defaults', name: null, settings: { concurrency: 2 }, path },
      { layer: 'upstream', name: 'mail', settings: { concurrency: 3, rate: null }, path },
      { layer: 'upstream', name: 'mail', settings: { concurrency: 4 }, path },
      { layer: 'type', name: null, settings: { attemptTimeoutMs: 9 }, path },
    ]),
  ).toEqual({
    defaults: { concurrency: 2, watchdogMs: 1 },
    upstreams: { mail: { concurrency: 4, rate: null } },
    tiers: {},
    types: {},
  });
});

describe('UX-2 what is refused of a layer', () => {
  const settings = ['defaults', 'upstreams', 'tiers', 'types'];
  test.each(settings)('UX-2 %s that are no object', (name) => {
    expect(() => read({ [name]: 5 })).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: `policies.${name}` }) as Error,
    );
  });

  test.each<[what: string, layers: object, field: string, says: string]>([
    ['no object', { upstreams: { mail: 5 } }, 'policies.upstreams.mail', 'must be an object'],
    [
      'an upstream that is none',
      { upstreams: { pay: {} } },
      'policies.upstreams.pay',
      'payments, mail',
    ],
    ['a tier that is none', { tiers: { gold: {} } }, 'policies.tiers.gold', 'crisis, premium'],
    [
      'a type that is none',
      { types: { 'a b': {} } },
      'policies.types.a b',
      'is no type that a request can name',
    ],
    [
      'a policy of a wider layer',
      { types: { 'a.b': { rate: null } } },
      'policies.types.a.b.rate',
      '',
    ],
    [
      'a part that is not known',
      { defaults: { flow: { slots: 1 } } },
      'policies.defaults.flow.slots',
      '',
    ],
    [
      'a rate without a burst',
      { defaults: { tierRate: { perSecond: 1 } } },
      'policies.defaults.tierRate.burst',
      '',
    ],
    [
      'a burst of 0',
      { defaults: { subjectRate: { perSecond: 1, burst: 0 } } },
      'policies.defaults.subjectRate.burst',
      '',
    ],
    [
      'a part that there was',
      { defaults: { breaker: { openMs: 1 } } },
      'policies.defaults.breaker.openMs',
      '',
    ],
  ])('UX-2 %s', (_, layers, field, says) => {
    expect(() => read(layers)).toThrow(
      expect.objectContaining({
        code: 'HF_OPTION_INVALID',
        field,
        message: expect.stringContaining(says) as string,
      }) as Error,
    );
  });

  test('UX-2 a limit that is null or left out is none', () => {
    expect(() => {
      checkParts({ rate: null, subjectRate: undefined, retry: undefined }, (policy) => policy);
    }).not.toThrow();
  });
});
