import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  givenBackMs,
  intervalMs,
  RATE_LIMIT_RULES,
  TokenBucket,
  toleranceMs,
} from '../../../../machines/policy/flow/tokenRate.ts';
import { checkFields } from '../../../../machines/vocabulary/optionFields.ts';

const LIMIT = fc.record({
  perSecond: fc.oneof(
    fc.integer({ min: 1, max: 500 }),
    fc.double({ min: 0.01, max: 5, noNaN: true }),
  ),
  burst: fc.integer({ min: 1, max: 20 }),
});

/** The most calls that began in any span that starts and ends with one, less what the limit allows. */
function excess(
  begunAtMs: readonly number[],
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const [first, fromMs] of begunAtMs.entries()) {
    for (let last = first; last < begunAtMs.length; last++) {
      const seconds = ((begunAtMs[last] ?? 0) - fromMs) / 1_000;
      most = Math.max(most, last - first + 1 - (burst + perSecond * seconds));
    }
  }
  return most;
}

describe('TokenBucket', () => {
  test('PF-5 gives its burst at once, then one token each interval', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
    const begun: number[] = [];
    for (let nowMs = 1_000; nowMs < 1_500; nowMs += 10) {
      while (bucket.dueAtMs() <= nowMs) {
        bucket.take(nowMs);
        begun.push(nowMs);
      }
    }
    expect(begun).toEqual([1_000, 1_000, 1_000, 1_100, 1_200, 1_300, 1_400]);
  });

  test('PF-5 over any span it gives at most its burst and its rate times the span', () => {
    const steps = fc.array(fc.nat(400), { maxLength: 80 });
    fc.assert(
      fc.property(LIMIT, steps, (limit, waits) => {
        const bucket = new TokenBucket(limit);
        const begun: number[] = [];
        let nowMs = 0;
        for (const wait of waits) {
          nowMs += wait;
          if (bucket.dueAtMs() > nowMs) continue;
          bucket.take(nowMs);
          begun.push(nowMs);
        }
        expect(excess(begun, limit)).toBeLessThan(1e-6);
      }),
    );
  });

  test('PF-5 a token given back can be taken again, and a full bucket holds no more than its burst', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 });
    bucket.take(0);
    expect(bucket.dueAtMs()).toBe(1_000);
    bucket.giveBack(0);
    expect(bucket.dueAtMs()).toBe(0);
    bucket.take(1_000_000);
    expect(bucket.dueAtMs()).toBe(1_001_000);
  });

  test('PF-5 the pace holds where tokens are given back late', () => {
    const uses = fc.array(
      fc.record({ afterMs: fc.nat(500), heldMs: fc.nat(1_000), isUsed: fc.boolean() }),
      { maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(LIMIT, uses, (limit, given) => {
        const bucket = new TokenBucket(limit);
        const begun: number[] = [];
        let held: { readonly sinceMs: number; readonly untilMs: number }[] = [];
        let nowMs = 0;
        for (const { afterMs, heldMs, isUsed } of given) {
          nowMs += afterMs;
          const back = held.filter(({ untilMs }) => untilMs <= nowMs);
          for (const { sinceMs, untilMs } of back) bucket.giveBack(untilMs - sinceMs);
          held = held.filter(({ untilMs }) => untilMs > nowMs);
          if (bucket.dueAtMs() > nowMs) continue;
          bucket.take(nowMs);
          if (isUsed) begun.push(nowMs);
          else held.push({ sinceMs: nowMs, untilMs: nowMs + heldMs });
        }
        expect(excess(begun, limit)).toBeLessThan(1e-6);
      }),
    );
  });

  test('PF-5 crises take tokens, but leave no debt longer than an empty bucket', () => {
    const bucket = new TokenBucket({ perSecond: 2, burst: 4 });
    for (let each = 0; each < 100; each++) bucket.count(0);
    expect(bucket.dueAtMs()).toBe(500);
  });

  test('PF-5 a change keeps what was taken, as far as the new limit can hold it', () => {
    const bucket = new TokenBucket({ perSecond: 0.1, burst: 2 });
    bucket.take(0);
    bucket.take(0);
    bucket.change({ perSecond: 10, burst: 2 }, 0);
    expect(bucket.dueAtMs()).toBe(100);
  });

  test('PF-5 goes on over a restart with what it had left', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 });
    bucket.take(0);
    bucket.take(0);
    const next = new TokenBucket({ perSecond: 1, burst: 2 }, bucket.fullAtMs);
    expect(next.dueAtMs()).toBe(1_000);
  });
});

test('PF-5 the numbers of a limit: its interval, its tolerance, what is given back', () => {
  const limit = { perSecond: 4, burst: 3 };
  expect([intervalMs(limit), toleranceMs(limit)]).toEqual([250, 500]);
  expect([0, 100, 250, 900, -50].map((heldMs) => givenBackMs(limit, heldMs))).toEqual([
    250, 150, 0, 0, 250,
  ]);
});

test('PF-5 one that another process may have emptied is full again after its burst', () => {
  const bucket = new TokenBucket({ perSecond: 4, burst: 3 });
  bucket.empty(1_000);
  expect([bucket.fullAtMs, bucket.dueAtMs(), bucket.limit.burst]).toEqual([1_750, 1_250, 3]);
  bucket.change({ perSecond: 8, burst: 2 }, 1_000);
  expect([bucket.fullAtMs, bucket.limit]).toEqual([1_250, { perSecond: 8, burst: 2 }]);
});

test.each([
  [{ perSecond: 0.0001, burst: 1 }, true],
  [{ perSecond: 1_000_000, burst: 1_000_000 }, true],
  [{ perSecond: 0, burst: 1 }, false],
  [{ perSecond: 1_000_001, burst: 1 }, false],
  [{ perSecond: 1, burst: 0 }, false],
  [{ perSecond: 1, burst: 1.5 }, false],
  [{ perSecond: 1 }, false],
  [{ burst: 1 }, false],
])('PF-5 UX-2 whether %j may be a limit: %j', (limit, may) => {
  const check = () => {
    checkFields(limit, RATE_LIMIT_RULES, 'rate');
  };
  if (may) expect(check).not.toThrow();
  else expect(check).toThrow(/^rate\.(perSecond|burst) /);
});
