/** The judge holds nothing against a simulated process that it could not do, or that somebody asked for twice. */

import { expect, it } from 'vitest';
import type { DeviceSetup, Step } from '../../../src/simulator/scene/plan.ts';
import { runPlan } from '../../../src/simulator/simulation.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const CALL = {
  ...{ device: 0, upstream: 0, tier: 'premium', isCrisis: false, mayRepeat: true },
  ...{ waitWhileDown: true, number: 1, stopsMs: null },
} as const;

/** Lists the breaches of one device while this happens to it. */
async function breachesOf(
  steps: readonly Step[],
  device: Partial<DeviceSetup> = {},
): Promise<readonly string[]> {
  const { breaches } = await runPlan({
    ...{ version: '0.0.0', seed: 1, hours: 0.2 },
    setup: { devices: [{ name: 'phone', ...device }], upstreams: [{ name: 'payments' }] },
    steps,
  });
  return breaches;
}

it('SM-1 CB-1 a call is not late where its process was made to stand still', async () => {
  const breaches = await breachesOf([
    {
      atMs: 9 * SECOND_MS,
      kind: 'upstream.trouble',
      data: { upstream: 0, trouble: 'is silent', endpoint: null, share: 1, forMs: 90 * SECOND_MS },
    },
    { atMs: 10 * SECOND_MS, kind: 'call.made', data: { ...CALL, deadlineMs: 30 * SECOND_MS } },
    { atMs: 11 * SECOND_MS, kind: 'owner.stands', data: { device: 0, forMs: 60 * SECOND_MS } },
  ]);
  expect(breaches).toEqual([]);
});

it('SM-1 OP-6 a repeat may be refused where only the first has room', async () => {
  const full = { place: 'options', name: '*', field: 'operationsMax', value: 1 } as const;
  const request = {
    ...{ device: 0, type: 'letters.send', subject: 'user-1', tier: 'premium' },
    ...{ priority: 'high', entity: null, isRepeated: true },
  };
  const breaches = await breachesOf(
    [{ atMs: 10 * SECOND_MS, kind: 'work.request', data: request }],
    { options: [[full]] },
  );
  expect(breaches).toEqual([]);
});

it('SM-1 OP-8 a key is free again once the ending of its operation was purged', async () => {
  const nothingKept = { place: 'options', name: '*', field: 'retentionMs', value: 0 } as const;
  const twice = { device: 0, type: 'letters.send', subject: 'user-1', entity: null };
  const breaches = await breachesOf(
    [{ atMs: SECOND_MS, kind: 'call.otherBody', data: { ...twice, laterMs: 600 * SECOND_MS } }],
    { options: [[nothingKept]] },
  );
  expect(breaches).toEqual([]);
});

it('SM-1 OP-8 a key is free again where a backup does not know its operation', async () => {
  const twice = { device: 0, type: 'payments.push', subject: 'user-1', entity: null };
  const breaches = await breachesOf([
    { atMs: SECOND_MS, kind: 'call.otherBody', data: { ...twice, laterMs: 300 * SECOND_MS } },
    {
      atMs: 60 * SECOND_MS,
      kind: 'disk.restore',
      data: { device: 0, share: 0, releasedAfterMs: 1 },
    },
  ]);
  expect(breaches).toEqual([]);
});

it('SM-1 people ask a store once it is up to date', async () => {
  const breaches = await breachesOf([
    {
      atMs: 719 * SECOND_MS,
      kind: 'disk.upgrade',
      data: { device: 0, takesMs: 290 * SECOND_MS, isKilledMeanwhile: false },
    },
  ]);
  expect(breaches).toEqual([]);
});

it('SM-1 CR-4 a crisis before a store is up to date may be lost where the disk is full', async () => {
  const breaches = await breachesOf([
    {
      atMs: 10 * SECOND_MS,
      kind: 'disk.upgrade',
      data: { device: 0, takesMs: 290 * SECOND_MS, isKilledMeanwhile: false },
    },
    {
      atMs: 20 * SECOND_MS,
      kind: 'disk.crisesMeanwhile',
      data: {
        ...{ device: 0, way: 'full', roomBytes: 0, forMs: 120 * SECOND_MS, thenEnds: 'powerCut' },
        crises: [{ subject: 'user-1', afterMs: 60 * SECOND_MS }],
      },
    },
  ]);
  expect(breaches).toEqual([]);
});

it('SM-1 OP-6 what is due waits for a probe that is years off, where the clock was set back', async () => {
  const payments = { place: 'upstreams', name: 'payments' } as const;
  const request = {
    ...{ device: 0, type: 'payments.push', subject: 'user-1', tier: 'premium' },
    ...{ priority: 'high', entity: null, isRepeated: false },
  };
  const breaches = await breachesOf(
    [
      {
        atMs: 9 * SECOND_MS,
        kind: 'upstream.trouble',
        data: { upstream: 0, trouble: 'fails', endpoint: null, share: 1, forMs: 60 * SECOND_MS },
      },
      { atMs: 10 * SECOND_MS, kind: 'work.request', data: request },
      { atMs: 300 * SECOND_MS, kind: 'clock.set', data: { device: 0, byMs: -7 * DAY_MS } },
    ],
    {
      options: [
        [
          { ...payments, field: 'breaker.consecutiveFailuresToOpen', value: 1 },
          { ...payments, field: 'flow.probeMsMin', value: 366 * DAY_MS },
        ],
      ],
    },
  );
  expect(breaches).toEqual([]);
});

it('SM-1 SV-2 a client that took a store over can open it again once its disk is well', async () => {
  const request = {
    ...{ device: 0, type: 'letters.send', subject: 'user-1', tier: 'premium' },
    ...{ priority: 'high', entity: null, isRepeated: false },
  };
  const { history } = await runPlan({
    ...{ version: '0.0.0', seed: 1, hours: 0.1 },
    setup: {
      devices: [{ name: 'phone', clients: [{ mayOwn: true, ownerWithinMs: 15_000 }] }],
      upstreams: [{ name: 'payments' }],
    },
    steps: [
      {
        atMs: 10 * SECOND_MS,
        kind: 'process.kill',
        data: {
          ...{ device: 0, moment: 'now', passage: 1, microtasks: 0, offMs: 0 },
          isChanged: false,
        },
      },
      {
        atMs: 30 * SECOND_MS,
        kind: 'disk.fails',
        data: {
          ...{ device: 0, code: 'HF_STORE_UNAVAILABLE', share: 1, isReadable: false },
          ...{ spares: 'files', forMs: 60 * SECOND_MS },
        },
      },
      { atMs: 40 * SECOND_MS, kind: 'work.crisis', data: { device: 0, subject: 'user-1' } },
      ...[60, 300].map((at) => ({ atMs: at * SECOND_MS, kind: 'work.request', data: request })),
    ],
  });
  const said = history.filter((line) => line.includes(' says '));
  expect(said.join('\n')).toContain('impaired');
  expect(said.at(-1)).not.toContain('impaired');
});

// With these seeds the store takes spilled crises once the process runs, and fails to answer what it has in hand then.
it.each([3, 10])(
  'SM-1 CR-4 CR-5 crises in a file are taken up on a disk that fails (%i)',
  async (seed) => {
    const fails = { code: 'HF_STORE_IO', share: 0.3, isReadable: false, spares: 'nothing' };
    const crises = [5, 9, 20].map((at) => ({ subject: `user-${at}`, afterMs: at * SECOND_MS }));
    const { breaches } = await runPlan({
      ...{ version: '0.0.0', seed, hours: 0.5 },
      setup: { devices: [{ name: 'phone' }], upstreams: [{ name: 'payments' }] },
      steps: [
        {
          atMs: 10 * SECOND_MS,
          kind: 'disk.fails',
          data: { device: 0, ...fails, forMs: 300 * SECOND_MS },
        },
        {
          atMs: 11 * SECOND_MS,
          kind: 'disk.crisesMeanwhile',
          data: {
            ...{ device: 0, way: 'full', roomBytes: 700, crises },
            ...{ forMs: 120 * SECOND_MS, thenEnds: 'killed' },
          },
        },
      ],
    });
    expect(breaches).toEqual([]);
  },
);

const COPY = { kind: 'disk.copied', data: { device: 0, releasedAfterMs: 120 * SECOND_MS } };
const RESTORED = {
  kind: 'disk.restore',
  data: { device: 0, share: 1, releasedAfterMs: 3_600 * SECOND_MS },
};

it.each([COPY, RESTORED])(
  'SM-1 CR-4 PS-5 what another thread has answered for a held store is delivered ($kind)',
  async (held) => {
    const breaches = await breachesOf([
      { atMs: 10 * SECOND_MS, ...held },
      { atMs: 20 * SECOND_MS, kind: 'clock.set', data: { device: 0, byMs: -3_600 * SECOND_MS } },
      { atMs: 30 * SECOND_MS, kind: 'crisis.outside', data: { device: 0, subject: 'user-0' } },
    ]);
    expect(breaches).toEqual([]);
  },
);

it('SM-1 CR-5 nobody has to be told while a fault lasts that waited for its device to wake', async () => {
  const deviceStep = (atS: number, kind: string, data: Step['data']): Step => ({
    ...{ atMs: atS * SECOND_MS, kind },
    data: { device: 0, ...data },
  });
  const request = { type: 'letters.send', subject: 'user-1', tier: 'premium', priority: 'high' };
  const fault = { fault: 'offline', upstream: null, share: 1, forMs: 1_800 * SECOND_MS };
  const crisis = { type: 'payments.push', subject: 'user-2', againAfterMs: null, fields: {} };
  const { breaches } = await runPlan({
    ...{ version: '0.0.0', seed: 1, hours: 1.2 },
    setup: { devices: [{ name: 'phone', chain: 1 }], upstreams: [{ name: 'payments' }] },
    steps: [
      deviceStep(10, 'device.sleeps', { forMs: 2_400 * SECOND_MS, isCounted: true }),
      deviceStep(20, 'network.fault', fault),
      deviceStep(2_500, 'work.crisis', crisis),
      deviceStep(2_510, 'work.request', { ...request, entity: null, isRepeated: false }),
      deviceStep(3_600, 'work.request', { ...request, entity: null, isRepeated: false }),
    ],
  });
  expect(breaches).toEqual([]);
});
