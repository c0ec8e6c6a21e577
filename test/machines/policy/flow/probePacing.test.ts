import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import {
  probeGapMs,
  probesAtOnce,
  slotsAfterOutage,
  slotsWithin,
} from '../../../../machines/policy/flow/recoveryPace.ts';

const POLICY = DEFAULT_FLOW_POLICY;
const MIDDLE = 0.5;

/** Ends of the gaps while an outage lasts so long, each with this draw. */
function probeTimes(outageMs: number, draw: number): number[] {
  const times: number[] = [];
  for (let atMs = 0; atMs < outageMs; times.push(atMs)) atMs += probeGapMs(POLICY, atMs, draw);
  return times;
}

describe('CB-2 the time to the next probe', () => {
  test.each([
    [0, 250],
    [1_000, 250],
    [10_000, 750],
    [60_000, 4_500],
    [3_600_000, 15_000],
  ])('CB-2 after %i ms of outage it is %i ms', (downMs, gapMs) => {
    expect(probeGapMs(POLICY, downMs, MIDDLE)).toBe(gapMs);
  });

  test('CB-2 it is spread by a tenth both ways', () => {
    expect([0, 1].map((draw) => probeGapMs(POLICY, 10_000, draw))).toEqual([675, 825]);
  });

  test('CB-2 an age or a draw that is no number is none', () => {
    const gaps = [
      probeGapMs(POLICY, Number.NaN, MIDDLE),
      probeGapMs(POLICY, -5, Number.NaN),
      probeGapMs(POLICY, 0, 7),
    ];
    expect(gaps).toEqual([250, 250, 250]);
  });

  test.each([1_000, 5_000, 30_000, 120_000])(
    'CB-6 the end of an outage of %i ms is found within 9 % of it',
    (outageMs) => {
      for (const draw of [0, MIDDLE, 1]) {
        const foundMs = probeTimes(outageMs, draw).at(-1) ?? 0;
        expect(foundMs - outageMs).toBeLessThanOrEqual(Math.max(280, 0.09 * outageMs));
      }
    },
  );

  test('CB-2 an outage of 30 s costs fewer than 50 probes, one of an hour fewer than 300', () => {
    expect(probeTimes(30_000, MIDDLE).length).toBeLessThan(50);
    expect(probeTimes(3_600_000, MIDDLE).length).toBeLessThan(300);
  });
});

describe('CB-2 probes at once', () => {
  test.each([
    [0, 1],
    [0.1, 1],
    [0.2, 1],
    [0.35, 2],
    [0.5, 3],
    // Exactly two: 0.2 is their product.
    [Math.sqrt(0.2), 2],
    [0.95, 3],
    [Number.NaN, 1],
    [-1, 1],
    [2, 3],
  ])('CB-2 where %d of the calls fail as usual: %i', (share, probes) => {
    expect(probesAtOnce(POLICY, share)).toBe(probes);
  });
});

describe('DG-3 slots after an outage', () => {
  test.each([
    [30, 10],
    [9, 4],
    [0, 4],
    [Number.NaN, 4],
    [1_000, 32],
  ])('DG-3 of %i before it, %i', (before, after) => {
    expect(slotsAfterOutage(POLICY, before)).toBe(after);
  });
});

test('CB-2 a probe comes in a millisecond at the earliest, and however far it is spread', () => {
  const quick = { probeMsMin: 0.1, probeShare: 0.01, probeMsMax: 0.2 };
  expect(probeGapMs(quick, 0, MIDDLE)).toBe(1);
  // What is no share of one is the middle.
  expect([-0.1, 1.1].map((draw) => probeGapMs(POLICY, 10_000, draw))).toEqual([750, 750]);
});

test('CB-2 as many probes go out as there may be, and always one', () => {
  expect(probesAtOnce({ probesMax: 1 }, 0.9)).toBe(1);
  expect(probesAtOnce({ probesMax: 0 }, 0.9)).toBe(1);
  expect(probesAtOnce({ probesMax: 1_000 }, 2)).toBe(161);
});

test('DG-3 half of what a start has is open after an outage, and never fewer than the least', () => {
  const policy = { ...POLICY, slotsMin: 6, slotsAtStart: 20 };
  expect([slotsAfterOutage(policy, 3), slotsAfterOutage(policy, -9)]).toEqual([10, 10]);
  expect(slotsAfterOutage({ ...policy, slotsAtStart: 8 }, 3)).toBe(6);
  expect(slotsAfterOutage(policy, 32)).toBe(11);
});

test('PF-6 slots stay within their bounds', () => {
  const bounds = { slotsMin: 2, slotsMax: 8 };
  expect([1, 5.5, 9].map((slots) => slotsWithin(bounds, slots))).toEqual([2, 5.5, 8]);
});
