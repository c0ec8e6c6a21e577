import { expect, test } from 'vitest';
import { logChanceOf } from '../../../../machines/policy/flow/surpriseTrip.ts';

/** Exactly: the sum of the binomial terms. */
function chance(count: number, all: number, share: number): number {
  let [sum, term] = [0, (1 - share) ** all];
  for (let k = 0; k <= all; k += 1) {
    if (k >= count) sum += term;
    term *= ((all - k) / (k + 1)) * (share / (1 - share));
  }
  return sum;
}

test.each([0.05, 0.3, 0.6])('CB-1 DG-3 a bound of the chance, where %d fail as usual', (share) => {
  for (const all of [1, 8, 60]) {
    for (let count = 0; count <= all; count += 1) {
      expect(Math.exp(logChanceOf(count, all, share))).toBeGreaterThanOrEqual(
        chance(count, all, share) - 1e-12,
      );
    }
    expect(Math.exp(logChanceOf(all, all, share))).toBeCloseTo(share ** all);
  }
});

test('CB-1 DG-3 no more than usual is nothing', () => {
  expect(logChanceOf(2, 8, 0.25)).toBe(0);
  expect(logChanceOf(0, 0, 0.25)).toBe(0);
});

test.each([
  [5, 10, 0.1],
  [9, 10, 0.5],
  [3, 4, 0.6],
])(
  'CB-1 DG-3 the bound of %i of %i where %d fail as usual is that of Chernoff',
  (count, all, usual) => {
    const share = count / all;
    const distance =
      share * Math.log(share / usual) + (1 - share) * Math.log((1 - share) / (1 - usual));
    expect(logChanceOf(count, all, usual)).toBeCloseTo(-all * distance, 12);
  },
);

test('CB-1 DG-3 more than there were are as many as there were, each a failure', () => {
  expect(logChanceOf(7, 3, 0.25)).toBeCloseTo(7 * Math.log(0.25), 12);
  expect(logChanceOf(1, 0, 0.25)).toBeCloseTo(Math.log(0.25), 12);
});
