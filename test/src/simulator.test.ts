/** The simulator: one plan has one history, and promises hold in it. */

import { describe, expect, test } from 'vitest';
import { drawPlan } from '../../src/simulator/drawPlan.ts';
import type { CountsAs } from '../../src/simulator/scene/scene.ts';
import { runPlan } from '../../src/simulator/simulation.ts';
import { everyKind } from '../../src/simulator/steps/everyKind.ts';

const A_GROUP_EACH: Readonly<Record<CountsAs, number>> = {
  ...{ work: 0, fault: 0, order: 0, restart: 0, other: 0 },
  ...{ beside: 0, beneath: 0, among: 0, elsewhere: 0, hand: 0 },
};

describe('a simulated day', () => {
  test('SM-1 the same seed and version make the same history, byte for byte', async () => {
    const plan = drawPlan(1, 8, '0.0.0');
    const first = await runPlan(plan);
    const second = await runPlan(plan);
    expect(second.digest).toBe(first.digest);
  });

  test.each([2, 3])('SM-2 promises hold over hours drawn from seed %d', async (seed) => {
    const { breaches } = await runPlan(drawPlan(seed, 8, '0.0.0'));
    expect(breaches).toEqual([]);
  });

  test('SM-3 has 1,000 operations, 20 faults, 5 orders and a restart at least', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { steps } = drawPlan(seed, 24, '0.0.0');
      const counts = { ...A_GROUP_EACH };
      for (const { kind } of steps) counts[everyKind.get(kind)?.counts ?? 'other'] += 1;
      expect(counts.work).toBeGreaterThanOrEqual(1_000);
      expect(counts.fault).toBeGreaterThanOrEqual(20);
      expect(counts.order).toBeGreaterThanOrEqual(5);
      expect(counts.restart).toBeGreaterThanOrEqual(1);
    }
  });

  test('SM-1 a body that a bad network never carries within its time-out is not drawn for it', () => {
    const lengths = new Map<string, number>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const { steps, setup } = drawPlan(seed, 24, '0.0.0');
      for (const { kind, data } of steps) {
        if (kind !== 'work.fields') continue;
        const { network = 'cable' } =
          setup.devices[Number(data['device']) % setup.devices.length] ?? {};
        const { payload = null } = data['fields'] as { payload?: unknown };
        lengths.set(network, Math.max(lengths.get(network) ?? 0, JSON.stringify(payload).length));
      }
    }
    expect(lengths.get('mobile')).toBeGreaterThan(100_000);
    expect(lengths.get('train')).toBeLessThan(31_000);
  });
});
