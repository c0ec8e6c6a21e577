/** A failing plan is made smaller until nothing can be left out, and stays the same failure. */

import { expect, test } from 'vitest';
import { drawPlan } from '../../../src/simulator/drawPlan.ts';
import { breachKind, shrinkPlan } from '../../../src/simulator/report/shrinkPlan.ts';
import type { Plan } from '../../../src/simulator/scene/plan.ts';

const USUAL = { jobs: 2, isOver: () => false, onProgress: () => undefined };

test('SM-2 what breaks a promise by two steps of a day shrinks to these two, at once and soon after each other', async () => {
  const plan = drawPlan(1, 24, '0.0.0');
  const [first, second] = [plan.steps[300], plan.steps[900]];
  const names = [first?.data, second?.data];
  const smallest = await shrinkPlan(plan, {
    ...USUAL,
    breaks: ({ steps }) => {
      const left = steps.map(({ data }) => data);
      return Promise.resolve(names.every((data) => data !== undefined && left.includes(data)));
    },
  });
  expect(smallest.steps.map(({ data }) => data)).toEqual(names);
  expect(smallest.steps.map(({ atMs }) => atMs)).toEqual([1_000, 2_000]);
  expect(smallest.hours).toBe(1);
  expect(smallest.setup.devices).toHaveLength(1);
  expect(smallest.setup.upstreams).toHaveLength(1);
});

test('SM-2 what a failure needs of the set-up stays, and its switches are turned off where they may', async () => {
  const plan: Plan = {
    ...{ version: '0.0.0', seed: 1, hours: 1 },
    setup: {
      devices: [{ name: 'phone' }, { name: 'tablet' }],
      upstreams: [{ name: 'payments' }, { name: 'records' }],
    },
    steps: [{ atMs: 5, kind: 'work.request', data: { isRepeated: true, isNeeded: true } }],
  };
  const { setup, steps } = await shrinkPlan(plan, {
    ...USUAL,
    breaks: (smaller) =>
      Promise.resolve(
        smaller.setup.devices.some(({ name }) => name === 'tablet') &&
          smaller.steps[0]?.data['isNeeded'] === true,
      ),
  });
  expect(setup).toEqual({ devices: [{ name: 'tablet' }], upstreams: [{ name: 'records' }] });
  expect(steps).toEqual([
    { atMs: 5, kind: 'work.request', data: { isRepeated: false, isNeeded: true } },
  ]);
});

test('SM-2 shrinking ends when its time is up, with the smallest plan so far', async () => {
  let runs = 0;
  const plan = drawPlan(1, 24, '0.0.0');
  const smallest = await shrinkPlan(plan, {
    ...USUAL,
    isOver: () => runs >= 4,
    breaks: () => {
      runs += 1;
      return Promise.resolve(true);
    },
  });
  expect(runs).toBeLessThan(10);
  expect(smallest.steps.length).toBeLessThan(plan.steps.length);
});

test('SM-2 a breach is known again by its promise, whatever its details', () => {
  expect(breachKind('applied twice: key-7 as a and b')).toBe('applied twice');
  expect(breachKind('fallen: TypeError: x is no function\n  at y')).toBe(
    'fallen: TypeError: x is no function',
  );
});
