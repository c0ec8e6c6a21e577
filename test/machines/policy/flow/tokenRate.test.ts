import { describe, expect, test } from 'vitest';
import type { FlowNews } from '../../../../machines/policy/flow/flowNews.ts';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { TokenRate } from '../../../../machines/policy/flow/tokenRate.ts';
import { seededRandom } from '../../../../src/virtual/seededRandom.ts';

interface Run {
  /** Calls in each second. */
  readonly begun: readonly number[];
  readonly admitted: readonly number[];
  readonly news: readonly FlowNews['type'][];
  readonly rate: TokenRate;
}

/** A caller that sends as much as it may, up to `wanted` a second, to something that says 429 to some. */
function send(
  seconds: number,
  wanted: number,
  isPushedBack: (atMs: number) => boolean,
  rate = new TokenRate(DEFAULT_FLOW_POLICY),
): Run {
  const begun = new Array<number>(seconds).fill(0);
  const admitted = new Array<number>(seconds).fill(0);
  const news: FlowNews['type'][] = [];
  for (let tick = 0; tick < seconds * wanted; tick++) {
    const atMs = 5_000 + (tick * 1_000) / wanted;
    if (rate.tokens(atMs) < 1) continue;
    const second = Math.floor(tick / wanted);
    begun[second] = (begun[second] ?? 0) + 1;
    rate.take(atMs);
    const isPushed = isPushedBack(atMs);
    if (!isPushed) admitted[second] = (admitted[second] ?? 0) + 1;
    const told = isPushed ? rate.pushedBack(atMs, atMs + 1) : rate.admitted(atMs + 1);
    if (told !== null) news.push(told.type);
  }
  return { begun, admitted, news, rate };
}

/** A server's token bucket. */
function limiter(perSecond: number, burst: number): (atMs: number) => boolean {
  let [tokens, lastMs] = [burst, 5_000];
  return (atMs) => {
    tokens = Math.min(burst, tokens + ((atMs - lastMs) * perSecond) / 1_000);
    lastMs = atMs;
    if (tokens < 1) return true;
    tokens -= 1;
    return false;
  };
}

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);

describe('PF-5 a rate from 429s', () => {
  test('PF-5 without any there is none', () => {
    const { rate, news } = send(10, 100, () => false);
    expect([rate.perSecond, rate.tokens(99_000)]).toEqual([null, Infinity]);
    expect(news).toEqual([]);
  });

  test.each([15, 40, 150])(
    'PF-5 a limit of %i a second is found within seconds, and used',
    (limit) => {
      const { news, admitted, begun } = send(20, 500, limiter(limit, limit / 2));
      expect(news[0]).toBe('rate.learned');
      const [late, lateBegun] = [admitted.slice(5), begun.slice(5)];
      expect(sum(late) / late.length).toBeGreaterThan(0.93 * limit);
      expect(sum(lateBegun)).toBeLessThan(1.12 * sum(late));
    },
  );

  test('PF-5 random 429s, 5 % of the calls, never throttle', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      for (const wanted of [20, 60, 200]) {
        const { begun } = send(30, wanted, () => random.chance(0.05));
        expect(sum(begun)).toBeGreaterThan(0.97 * 30 * wanted);
      }
    }
  });

  test('PF-5 control: 40 % of 429s are a limit', () => {
    const random = seededRandom(1);
    expect(send(5, 60, () => random.chance(0.4)).news).toContain('rate.learned');
  });

  test('PF-5 a limit that is gone is forgotten', () => {
    const { rate } = send(5, 200, limiter(20, 10));
    expect(rate.perSecond).not.toBeNull();
    const news: FlowNews['type'][] = [];
    for (let atMs = 10_000; atMs < 25_000; atMs += 5) {
      if (rate.tokens(atMs) < 1) continue;
      rate.take(atMs);
      const told = rate.admitted(atMs);
      if (told !== null) news.push(told.type);
    }
    expect(news).toEqual(['rate.lifted']);
    expect(rate.perSecond).toBeNull();
  });

  test('PF-5 the next token is due by the rate, and one that was not used comes back', () => {
    const rate = new TokenRate(DEFAULT_FLOW_POLICY, 10);
    expect(rate.tokens(1_000)).toBe(1);
    rate.take(1_000);
    expect(rate.dueAtMs(1_000)).toBeCloseTo(1_100);
    rate.giveBack();
    expect(rate.dueAtMs(1_000)).toBe(1_000);
  });

  test('PF-5 never below the least rate, whatever comes', () => {
    const { rate } = send(10, 100, () => true);
    expect(rate.perSecond).toBe(DEFAULT_FLOW_POLICY.ratePerSecondMin);
  });
});
