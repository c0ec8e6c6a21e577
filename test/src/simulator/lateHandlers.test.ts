/** Handlers that a simulated process registers late: work of their types is judged like any other from then on. */

import { expect, it } from 'vitest';
import { runPlan } from '../../../src/simulator/simulation.ts';

const SECOND_MS = 1_000;
const TYPE = 'payments.push';

it('SM-2 work of a type whose handler came late may wait for a breaker that a person holds open', async () => {
  const order = { call: 'breaker.forceOpen', by: 0, also: 0, lateMs: 0, isTwice: false };
  const missing = { place: 'handlers', name: TYPE, field: 'isMissing', value: true } as const;
  const { breaches, history } = await runPlan({
    ...{ version: '0.0.0', seed: 1, hours: 0.5 },
    setup: {
      devices: [{ name: 'phone', options: [[missing]] }],
      upstreams: [{ name: 'payments' }],
    },
    steps: [
      { atMs: SECOND_MS, kind: 'handlers.late', data: { device: 0 } },
      {
        atMs: 2 * SECOND_MS,
        kind: 'people.order',
        data: { device: 0, ...order, which: 0, isWrong: false, holdMs: 600 * SECOND_MS },
      },
      {
        atMs: 3 * SECOND_MS,
        kind: 'work.request',
        data: {
          ...{ device: 0, type: TYPE, subject: 'user-1', tier: 'basic' },
          ...{ priority: 'normal', entity: null, isRepeated: false },
        },
      },
      // Somebody looks at each step.
      ...[60, 120, 180].map((second) => ({
        atMs: second * SECOND_MS,
        kind: 'upstream.trouble',
        data: { upstream: 0, trouble: 'is slow', endpoint: 'letters/send', share: 0, forMs: 1 },
      })),
    ],
  });
  expect(breaches).toEqual([]);
  expect(history.join('\n')).toMatch(/forceOpen by \S+ done/);
  expect(history.join('\n')).toMatch(/is told to be completed/);
});
