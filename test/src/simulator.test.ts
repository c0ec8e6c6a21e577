/** The simulator: one plan has one history, and promises hold in it. */

import { describe, expect, test } from 'vitest';
import { drawPlan } from '../../src/simulator/drawPlan.ts';
import { runPlan } from '../../src/simulator/simulation.ts';

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
});
