import { describe, expect, test } from 'vitest';
import { machineMs } from '../../../actors/platform/systemClock.ts';
import {
  BINS_PER_DECADE,
  figuresOf,
  indexAt,
  plannedAtMs,
  quantile,
  runPlan,
} from '../../../src/drill/measure/figures.ts';

describe('what the crisis drill measures by', () => {
  const plan = { startMs: 1_000, perSecond: 4, count: 8 };

  test('CR-1 calls are planned before, at an even pace', () => {
    expect([0, 1, 7].map((index) => plannedAtMs(plan, index))).toEqual([1_000, 1_250, 2_750]);
    expect([0, 1_000, 1_001, 1_250, 9_999].map((atMs) => indexAt(plan, atMs))).toEqual([
      0, 0, 1, 1, 8,
    ]);
  });

  test('CR-1 a loop that was blocked makes up for every call that was due meanwhile', async () => {
    const overdue = { startMs: machineMs() - 5_000, perSecond: 100, count: 50 };
    const made: number[] = [];
    await runPlan(overdue, (index) => {
      made.push(index);
    });
    expect(made).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('CR-1 of so many values none is left out: the quantile is the least that enough do not exceed', () => {
    const sorted = Array.from({ length: 10_000 }, (_, index) => index + 1);
    expect([0.5, 0.99, 0.9999, 1].map((share) => quantile(sorted, share))).toEqual([
      5_000, 9_900, 9_999, 10_000,
    ]);
    expect(quantile([3], 0.9999)).toBe(3);
    expect(figuresOf([])).toMatchObject({ count: 0, maxMs: 0, bins: [] });
  });

  test('CR-1 bins of the chart hold every value', () => {
    const { bins, maxMs } = figuresOf([0, 0.01, 1, 1, 100_000_000]);
    expect(bins[0]).toBe(2);
    expect(bins[2 * BINS_PER_DECADE]).toBe(2);
    expect(bins.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(maxMs).toBe(100_000_000);
  });
});
