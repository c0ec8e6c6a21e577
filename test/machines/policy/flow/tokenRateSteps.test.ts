/** How a rate is learned from 429s, cut, grown and forgotten, number by number (PF-5). */

import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { TokenRate } from '../../../../machines/policy/flow/tokenRate.ts';

const rateOf = (kept?: number | null): TokenRate => new TokenRate(DEFAULT_FLOW_POLICY, kept);

function take(rate: TokenRate, times: number, nowMs: number): void {
  for (let n = 0; n < times; n += 1) rate.take(nowMs);
}

/** 429s to calls of `beganAtMs` until a rate is learned: how many, and which; at most 40. */
function pushUntilLearned(rate: TokenRate, nowMs: number, beganAtMs = nowMs): unknown[] {
  for (let n = 1; n <= 40; n += 1) {
    const news = rate.pushedBack(beganAtMs, nowMs);
    if (news !== null) return [n, news.type === 'rate.learned' ? news.perSecond : news.type];
  }
  return [];
}

function push(rate: TokenRate, times: number, nowMs: number, beganAtMs = nowMs): void {
  for (let n = 0; n < times; n += 1) rate.pushedBack(beganAtMs, nowMs);
}

describe('PF-5 what is learned', () => {
  test('PF-5 eight 429s at least, and what was taken in three tenths of a second at least', () => {
    const rate = rateOf();
    take(rate, 20, 5_000);
    expect(pushUntilLearned(rate, 5_000)).toEqual([8, 40]);
    expect([rate.perSecond === null, rate.tokens(5_000)]).toEqual([false, 0]);
  });

  test('PF-5 of many calls more 429s than chance makes: 15 of 80', () => {
    const rate = rateOf();
    take(rate, 80, 5_000);
    const [pushed, perSecond] = pushUntilLearned(rate, 5_000);
    expect(pushed).toBe(15);
    expect(perSecond).toBeCloseTo(65 / 0.3);
  });

  test.each([5_000, 0])(
    'PF-5 by the time since the first call, from %i ms on, up to a second',
    (atMs) => {
      const rate = rateOf();
      take(rate, 20, atMs);
      expect(pushUntilLearned(rate, atMs + 600, atMs)).toEqual([8, 20]);
      const long = rateOf();
      take(long, 1, atMs);
      take(long, 20, atMs + 3_000);
      expect(pushUntilLearned(long, atMs + 3_000)).toEqual([8, 12]);
    },
  );

  test('PF-5 the better of the last two seconds counts', () => {
    const rate = rateOf();
    take(rate, 30, 5_000);
    take(rate, 20, 6_500);
    expect(pushUntilLearned(rate, 6_500)).toEqual([11, 30]);
    const late = rateOf();
    take(late, 10, 5_000);
    take(late, 40, 6_500);
    expect(pushUntilLearned(late, 6_500)).toEqual([11, 29]);
  });

  test('PF-5 calls of two seconds ago count no more, and neither do 429s to them, or to none yet', () => {
    const rate = rateOf();
    take(rate, 30, 5_100);
    for (let nowMs = 5_200; nowMs <= 7_100; nowMs += 100) rate.take(nowMs);
    take(rate, 20, 7_100);
    expect(pushUntilLearned(rate, 7_100)).toEqual([10, 20]);
    const old = rateOf();
    take(old, 30, 5_100);
    expect(pushUntilLearned(old, 7_100, 5_100)).toEqual([]);
    const counted = rateOf();
    take(counted, 20, 5_200);
    expect(pushUntilLearned(counted, 7_100, 5_200)).toEqual([8, 12]);
    const early = rateOf();
    take(early, 20, 5_000);
    expect(pushUntilLearned(early, 5_000, 5_100)).toEqual([]);
  });

  test('PF-5 what was kept is a rate where it is one', () => {
    for (const odd of [0, -1, Number.NaN, null, undefined]) {
      expect(rateOf(odd).perSecond, String(odd)).toBeNull();
    }
    expect(rateOf(0.5).perSecond).toBe(0.5);
  });
});

describe('PF-5 tokens', () => {
  test('PF-5 come by the rate, a tenth of a second of it at most, and one at least', () => {
    const rate = rateOf(100);
    expect([0, 50, 1_000, 900].map((nowMs) => rate.tokens(nowMs))).toEqual([0, 5, 10, 10]);
    expect(rateOf(5).tokens(1_000)).toBe(1);
    expect(rateOf().tokens(1_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test('PF-5 the next is due now where there is one, else by the rate', () => {
    const rate = rateOf(100);
    expect(rate.dueAtMs(1_000)).toBe(1_000);
    take(rate, 10, 1_000);
    expect(rate.dueAtMs(1_000)).toBe(1_010);
    take(rate, 2, 1_000);
    expect(rate.dueAtMs(1_000)).toBe(1_030);
    rate.giveBack();
    expect(rate.dueAtMs(1_000)).toBe(1_020);
  });
});

describe('PF-5 a rate that is above the limit', () => {
  test('PF-5 is cut by three 429s to what was taken, by half at most', () => {
    const rate = rateOf(100);
    take(rate, 20, 5_000);
    push(rate, 2, 5_000);
    expect(rate.perSecond).toBe(100);
    push(rate, 1, 5_000);
    expect(rate.perSecond).toBe(50);
    // What was taken beyond the tokens is owed still.
    expect(rate.tokens(5_000)).toBe(-10);
  });

  test('PF-5 not by 429s of an eighth of a tenth or less, and to 98 % of what was taken', () => {
    const rate = rateOf(60);
    take(rate, 50, 5_000);
    push(rate, 4, 5_000);
    expect(rate.perSecond).toBe(60);
    push(rate, 1, 5_000);
    expect(rate.perSecond).toBeCloseTo((0.98 * 45) / 0.9);
  });

  test('PF-5 is cut again after three tenths of a second, by calls that began since', () => {
    const rate = rateOf(100);
    take(rate, 20, 5_000);
    push(rate, 3, 5_000);
    take(rate, 10, 5_299);
    push(rate, 5, 5_299);
    expect(rate.perSecond).toBe(50);
    const again = rateOf(100);
    take(again, 20, 5_000);
    push(again, 3, 5_000);
    take(again, 10, 5_300);
    push(again, 3, 5_300);
    expect(again.perSecond).toBeCloseTo((0.98 * 7) / 0.2);
    const { perSecond } = again;
    take(again, 10, 5_650);
    push(again, 3, 5_650, 5_299);
    expect(again.perSecond).toBe(perSecond);
  });

  test('PF-5 never below the least, which may change, nor above what it was', () => {
    const rate = rateOf(1.5);
    take(rate, 3, 5_000);
    push(rate, 3, 5_000);
    expect(rate.perSecond).toBe(1);
    rate.change({ ratePerSecondMin: 5 });
    take(rate, 4, 7_000);
    push(rate, 3, 7_000);
    expect(rate.perSecond).toBe(5);
    const low = rateOf(10);
    take(low, 40, 5_000);
    push(low, 4, 5_000);
    expect(low.perSecond).toBe(10);
  });
});

describe('PF-5 a rate that meets no 429', () => {
  test('PF-5 grows by 3 % in a second, and twice as fast after each, looked at each tenth', () => {
    const rate = rateOf(100);
    expect(rate.admitted(1_000)).toBeNull();
    rate.admitted(1_099);
    expect(rate.perSecond).toBe(100);
    rate.admitted(1_100);
    expect(rate.perSecond).toBeCloseTo(100.3);
    rate.admitted(3_100);
    const second = 100.3 * (1 + 0.03 * 2 ** 0.1);
    expect(rate.perSecond).toBeCloseTo(second);
    rate.admitted(4_100);
    expect(rate.perSecond).toBeCloseTo(second * (1 + 0.03 * 2 ** 1.1));
  });

  test('PF-5 ever faster, up to twice in a second, and is gone after ten', () => {
    const rate = rateOf(1);
    for (let nowMs = 0; nowMs <= 9_000; nowMs += 1_000) rate.admitted(nowMs);
    let expected = 1;
    for (let n = 0; n < 9; n += 1) expected *= 1 + Math.min(1, 0.03 * 2 ** n);
    expect(rate.perSecond).toBeCloseTo(expected);
    expect(rate.admitted(9_999)).toBeNull();
    expect(rate.perSecond).not.toBeNull();
    const other = rateOf(1);
    other.admitted(0);
    expect(other.admitted(10_000)).toEqual({ type: 'rate.lifted' });
    expect([other.perSecond, other.admitted(10_100)]).toEqual([null, null]);
  });

  test('PF-5 one that was just learned grows by four fifths in its first second', () => {
    const rate = rateOf();
    take(rate, 20, 5_000);
    pushUntilLearned(rate, 5_000);
    rate.admitted(6_000);
    expect(rate.perSecond).toBeCloseTo(72);
    rate.admitted(7_000);
    expect(rate.perSecond).toBeCloseTo(144);
  });
});
