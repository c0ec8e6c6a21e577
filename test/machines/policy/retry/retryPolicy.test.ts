import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../../machines/policy/retry/classifyFailure.ts';
import {
  type BackoffStrategy,
  checkRetryPolicy,
  DEFAULT_RETRY,
  leastWaitMs,
  RETRY_AFTER_MAX_MS,
  type RetryPolicy,
  retryDelayMs,
  singlesOut,
  spendsAttempt,
  waitsAsAfter,
} from '../../../../machines/policy/retry/retryPolicy.ts';
import { SPAN_MS_MAX } from '../../../../machines/vocabulary/optionFields.ts';
import { RETRY_CLASSES, type RetryClass } from '../../../../machines/vocabulary/urgency.ts';
import { OperationHarness } from '../../../support/harness/operationHarness.ts';

const drawn = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function policyOf(change: Partial<RetryPolicy>): RetryPolicy {
  return { ...DEFAULT_RETRY.premium, ...change };
}

function delayAfter(
  policy: RetryPolicy,
  attempt: number,
  its: { draw?: number; previousDelayMs?: number | null; retryAfterMs?: number | null } = {},
): number {
  const { draw = 0, previousDelayMs = null, retryAfterMs = null } = its;
  return retryDelayMs(policy, { attempt, draw, previousDelayMs, retryAfterMs });
}

/** The formula of RT-1, by doubling instead of powers. */
function recomputed({ initialDelayMs, delayMsMax, multiplier }: RetryPolicy, attempt: number) {
  let delayMs = initialDelayMs;
  for (let i = 1; i < attempt && delayMs < delayMsMax; i += 1) delayMs *= multiplier;
  return Math.min(delayMs, delayMsMax);
}

describe('which failures spend an attempt', () => {
  const failure = (its: Partial<Failure>): Failure => ({
    failureClass: 'transient',
    code: 'HF_ATTEMPT_FAILED',
    message: 'It failed.',
    ...its,
  });

  test.each([
    ['what may lie in the request', {}, 'spends', 'spends', 'spends'],
    ['503 that does not say so', { status: 503 }, 'spends', 'spends', 'spends'],
    ['503 that changed nothing', { status: 503, notApplied: true }, 'free', 'spends', 'free'],
    ['429', { status: 429, notApplied: true }, 'free', 'free', 'free'],
    [
      'nothing sent',
      { code: 'HF_UPSTREAM_UNREACHABLE', notApplied: true },
      ...(['free', 'free', 'free'] as const),
    ],
    ['an unknown outcome', { failureClass: 'unknownOutcome' }, 'spends', 'spends', 'spends'],
    ['409 of an upstream at work', { status: 409, conflictIs: 'unlikely' }, 'free', 'free', 'free'],
    [
      '409 that may be another version',
      { status: 409, conflictIs: 'possible' },
      ...(['spends', 'spends', 'spends'] as const),
    ],
  ] as const)('RT-1 %s', (_, its, amongOthersServed, onceMore, elsewhere) => {
    const tell = (isUpstreamWell: boolean, wasSingledOut: boolean): string =>
      spendsAttempt(failure(its), isUpstreamWell, wasSingledOut) ? 'spends' : 'free';
    expect(tell(true, false)).toBe(amongOthersServed);
    expect(tell(true, true)).toBe(onceMore);
    expect(tell(false, false)).toBe(elsewhere);
    expect(tell(false, true)).toBe(elsewhere);
  });

  test('RT-1 only what changed nothing, was looked at, and befell it alone singles a request out', () => {
    const busy = failure({ status: 503, notApplied: true });
    expect(singlesOut(busy, true)).toBe(true);
    expect(singlesOut(busy, false)).toBe(false);
    expect(singlesOut({ ...busy, notApplied: undefined }, true)).toBe(false);
    expect(singlesOut({ ...busy, status: 429 }, true)).toBe(false);
  });
});

describe('how far waits grow', () => {
  test.each([
    ['that were spent', 'basic', 3, 0, 3],
    ['of an outage', 'basic', 1, 1, 2],
    ['of a long outage', 'basic', 1, 9, 2],
    ['of a long outage, of a class that begins sooner', 'premium', 1, 9, 3],
    ['of a long outage, of a class that begins late', 'trial', 1, 9, 1],
    ['of a long outage after others that were spent', 'basic', 4, 9, 4],
    ['of a long outage with the last attempt', 'basic', 5, 9, 5],
  ] as const)('RT-1 failures %s', (_, name, attempt, unspent, expected) => {
    expect(waitsAsAfter(DEFAULT_RETRY[name], attempt, unspent, { status: 503 })).toBe(expected);
  });

  test.each([
    ['premium', 1, 9, 6],
    ['trial', 1, 9, 2],
    ['trial', 3, 9, 3],
  ] as const)(
    'RT-1 where too many come, or an earlier attempt is at work, of %s',
    (name, attempt, unspent, expected) => {
      expect(waitsAsAfter(DEFAULT_RETRY[name], attempt, unspent, { status: 429 })).toBe(expected);
      const atWork = { status: 409, conflictIs: 'unlikely' } as const;
      expect(waitsAsAfter(DEFAULT_RETRY[name], attempt, unspent, atWork)).toBe(expected);
    },
  );

  test('RT-1 no further than to the wait before the last attempt, and not at all without growth', () => {
    const quick = { attemptsMax: 3, initialDelayMs: 1, multiplier: 2 };
    expect(waitsAsAfter(quick, 1, 9, {})).toBe(2);
    expect(waitsAsAfter({ ...quick, attemptsMax: 1 }, 1, 9, {})).toBe(1);
    expect(waitsAsAfter({ ...quick, multiplier: 1 }, 1, 1e9, {})).toBe(2);
  });
});

describe('the least wait', () => {
  test.each([
    ['without any delay set', 0, [0, 100, 100, 100]],
    ['below a most that is set', 300, [0, 100, 200, 300]],
    ['by the defaults', 30_000, [0, 100, 200, 400, 800, 1_000, 1_000]],
  ] as const)(
    'RT-1 what spends no attempt is not repeated without a pause: %s',
    (_, delayMsMax, waits) => {
      expect(waits.map((__, unspent) => leastWaitMs({ delayMsMax }, unspent))).toEqual(waits);
      expect(leastWaitMs({ delayMsMax }, 1e9)).toBe(waits.at(-1));
    },
  );
});

describe('the defaults', () => {
  test.each([
    ['crisis', 10, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 30_000, 30_000]],
    ['premium', 7, [200, 400, 800, 1_600, 3_200, 6_400]],
    ['basic', 5, [500, 1_000, 2_000, 4_000]],
    ['trial', 3, [1_000, 2_000]],
  ] as const)(
    'RT-1 %s has %i attempts and these delays before jitter',
    (name, attempts, delays) => {
      const policy = DEFAULT_RETRY[name];
      expect(policy.attemptsMax).toBe(attempts);
      expect(delays.map((_, i) => delayAfter(policy, i + 1))).toEqual(delays);
    },
  );

  test('RT-1 caps: crisis 5 s, premium 30 s, basic 60 s, trial 120 s', () => {
    expect(RETRY_CLASSES.map((name) => DEFAULT_RETRY[name].delayMsMax)).toEqual([
      5_000, 30_000, 60_000, 120_000,
    ]);
  });

  test('CR-4 only a crisis goes on after its fast attempts', () => {
    expect(RETRY_CLASSES.map((name) => DEFAULT_RETRY[name].thenEveryMs)).toEqual([
      30_000,
      null,
      null,
      null,
    ]);
  });
});

describe('backoff', () => {
  const anyPolicy = fc
    .record({
      initialDelayMs: fc.nat(10_000),
      more: fc.nat(200_000),
      multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
      attemptsMax: fc.constant(1_000_000),
    })
    .map(({ more, ...its }) => policyOf({ ...its, delayMsMax: its.initialDelayMs + more }));

  test('RT-1 delay = min(cap, initial * multiplier^(attempt-1)) + random * jitterMax', () => {
    fc.assert(
      fc.property(
        anyPolicy,
        fc.integer({ min: 1, max: 2_000 }),
        drawn,
        fc.option(fc.nat(5_000), { nil: undefined }),
        (policy, attempt, draw, jitterMsMax) => {
          const base = recomputed(policy, attempt);
          const expected = base + draw * (jitterMsMax ?? base);
          const delayMs = delayAfter({ ...policy, jitterMsMax }, attempt, { draw });
          // Powers and repeated products differ in their last digits.
          expect(Math.abs(delayMs - expected)).toBeLessThanOrEqual(1 + expected * 1e-9);
          expect(Number.isInteger(delayMs)).toBe(true);
        },
      ),
    );
  });

  test.each<[BackoffStrategy, (base: number, policy: RetryPolicy) => readonly [number, number]]>([
    ['fullJitter', (base) => [0, base]],
    ['decorrelatedJitter', (_, { initialDelayMs, delayMsMax }) => [initialDelayMs, delayMsMax]],
    ['constant', (_, { initialDelayMs }) => [initialDelayMs, initialDelayMs]],
  ])('RT-1 %s stays within its bounds', (strategy, bounds) => {
    fc.assert(
      fc.property(
        anyPolicy,
        fc.integer({ min: 1, max: 50 }),
        drawn,
        fc.option(fc.nat(100_000)),
        (any, attempt, draw, previousDelayMs) => {
          const policy = { ...any, strategy };
          const [least, most] = bounds(recomputed(policy, attempt), policy);
          const delayMs = delayAfter(policy, attempt, { draw, previousDelayMs });
          expect(delayMs).toBeGreaterThanOrEqual(Math.floor(least));
          expect(delayMs).toBeLessThanOrEqual(Math.ceil(most * (1 + 1e-9)));
        },
      ),
    );
  });

  test('RT-1 decorrelated jitter grows from the delay before, three times at most', () => {
    const policy = policyOf({ strategy: 'decorrelatedJitter', initialDelayMs: 100 });
    expect(delayAfter(policy, 2, { draw: 0.5, previousDelayMs: 1_000 })).toBe(1_550);
    expect(delayAfter(policy, 1, { draw: 0.5 })).toBe(200);
  });

  test('RT-1 a constant wait has the jitter that is asked for, and none unless it is', () => {
    const policy = policyOf({ strategy: 'constant', initialDelayMs: 100 });
    expect(delayAfter(policy, 9, { draw: 0.5 })).toBe(100);
    expect(delayAfter({ ...policy, jitterMsMax: 40 }, 9, { draw: 0.5 })).toBe(120);
  });

  test('RT-1 past the last attempt a policy without end waits as long as it says, others go on', () => {
    const policy = policyOf({ attemptsMax: 2, initialDelayMs: 100 });
    const endless = { ...policy, thenEveryMs: 7_000 };
    expect([1, 2, 3].map((attempt) => delayAfter(policy, attempt))).toEqual([100, 200, 400]);
    expect([1, 2, 3].map((attempt) => delayAfter(endless, attempt))).toEqual([100, 7_000, 7_000]);
    // Spread, so that those that wait for the same upstream do not come together; never later.
    expect(delayAfter(endless, 3, { draw: 0.5 })).toBe(6_300);
  });

  test('RT-1 CR-4 what goes on at a pace is spread over the last fifth of it', () => {
    const { crisis } = DEFAULT_RETRY;
    const delays = [0, 0.5, 0.999].map((draw) => delayAfter(crisis, 50, { draw }));
    expect(delays).toEqual([30_000, 27_000, 24_006]);
  });

  test('RT-1 no delay at all stays none, however many attempts', () => {
    expect(delayAfter(policyOf({ initialDelayMs: 0, attemptsMax: 10_000 }), 9_000)).toBe(0);
  });

  test.each([
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['negative', -1],
    ['longer than the cap', 1e15],
    ['a text', '5' as unknown as number],
    ['a promise', Promise.resolve(5) as unknown as number],
  ])('RT-1 a custom strategy whose answer is %s gets the longest delay', (_, answer) => {
    expect(delayAfter(policyOf({ strategy: () => answer }), 1)).toBe(30_000);
  });

  test('RT-1 a custom strategy that throws gets the longest delay; a sane one is asked', () => {
    const throws = (): number => {
      throw new Error('no');
    };
    expect(delayAfter(policyOf({ strategy: throws }), 1)).toBe(30_000);
    const sane = policyOf({ strategy: ({ attempt, draw }) => attempt * 10 + draw });
    expect(delayAfter(sane, 3, { draw: 0.5 })).toBe(31);
    expect(delayAfter(policyOf({ strategy: () => 0 }), 1)).toBe(0);
    expect(delayAfter(policyOf({ strategy: () => 30_000 }), 1)).toBe(30_000);
    const grows = policyOf({ strategy: ({ previousDelayMs }) => (previousDelayMs ?? 4) * 2 });
    expect(delayAfter(grows, 1)).toBe(8);
    expect(delayAfter(grows, 2, { previousDelayMs: 8 })).toBe(16);
  });

  test('RT-2 Retry-After lengthens, never shortens, and by an hour at most', () => {
    const { premium, crisis } = DEFAULT_RETRY;
    expect(delayAfter(premium, 1, { retryAfterMs: 5_000 })).toBe(5_000);
    expect(delayAfter(premium, 6, { retryAfterMs: 5_000 })).toBe(6_400);
    expect(delayAfter(premium, 1, { retryAfterMs: SPAN_MS_MAX })).toBe(RETRY_AFTER_MAX_MS);
    expect(delayAfter(crisis, 50, { retryAfterMs: 1_000 })).toBe(30_000);
    expect(delayAfter(crisis, 1, { retryAfterMs: SPAN_MS_MAX })).toBe(30_000);
    const slow = policyOf({ thenEveryMs: 2 * RETRY_AFTER_MAX_MS });
    expect(delayAfter(slow, 1, { retryAfterMs: SPAN_MS_MAX })).toBe(RETRY_AFTER_MAX_MS);
  });
});

describe('checkRetryPolicy', () => {
  test.each(RETRY_CLASSES)('RT-1 the defaults of %s are a valid policy', (name) => {
    expect(checkRetryPolicy({}, DEFAULT_RETRY[name], 'retry')).toEqual(DEFAULT_RETRY[name]);
  });

  test.each([
    ['attemptsMax', 0],
    ['attemptsMax', 2.5],
    ['initialDelayMs', -1],
    ['initialDelayMs', Number.NaN],
    ['delayMsMax', 100],
    ['delayMsMax', Number.POSITIVE_INFINITY],
    ['multiplier', 0.5],
    ['multiplier', '2'],
    ['jitterMsMax', Number.POSITIVE_INFINITY],
    ['thenEveryMs', 999],
    ['strategy', 'linear'],
    ['retries', 3],
  ])('UX-2 %s of %s is refused by name', (name, value) => {
    const check = (): unknown =>
      checkRetryPolicy({ [name]: value }, DEFAULT_RETRY.premium, 'retry.premium');
    const field = `retry.premium.${name}`;
    expect(check).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID', field }));
    expect(check).toThrow(field);
  });
});

describe('a retry policy that was asked for', () => {
  test('RT-1 UX-2 each strategy by its name, or a function, is taken', () => {
    const own = (): number => 5;
    for (const strategy of [
      'additiveJitter',
      'fullJitter',
      'decorrelatedJitter',
      'constant',
      own,
    ] as const) {
      expect(checkRetryPolicy({ strategy }, DEFAULT_RETRY.basic, 'retry').strategy).toBe(strategy);
    }
  });

  test('UX-2 a cap below the first delay is refused in words, one that is equal is not', () => {
    const check = (delayMsMax: number) => () =>
      checkRetryPolicy({ initialDelayMs: 700, delayMsMax }, DEFAULT_RETRY.basic, 'retry.basic');
    expect(check(699)).toThrow('retry.basic.delayMsMax must not be below initialDelayMs.');
    const gentle = checkRetryPolicy({ multiplier: 1.5 }, DEFAULT_RETRY.basic, 'retry.basic');
    expect(gentle.multiplier).toBe(1.5);
    expect(check(700)()).toMatchObject({ initialDelayMs: 700, delayMsMax: 700 });
  });
});

describe('operations that meet only transient failures', () => {
  const FAILURE_SHARE = 0.4;
  const OPERATIONS = 2_000;

  /** A small generator with a fixed seed, so that the figure is the same each time (mulberry32). */
  function seeded(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
  }

  function shareCompleted(name: RetryClass, random: () => number): number {
    const { attemptsMax, thenEveryMs } = DEFAULT_RETRY[name];
    let completed = 0;
    for (let i = 0; i < OPERATIONS; i += 1) {
      const operation = new OperationHarness({
        priority: name === 'crisis' ? 'crisis' : 'normal',
        attemptsMax: thenEveryMs === null ? attemptsMax : null,
      }).commit();
      while (!operation.isOver) {
        if (random() < FAILURE_SHARE) operation.fail();
        else operation.succeed();
        operation.commit().grant().commit();
      }
      if (operation.state === 'completed') completed += 1;
    }
    return completed / OPERATIONS;
  }

  // Independent failures: all attempts fail with probability share^attempts. The three attempts of
  // trial give 1 - 0.4^3 = 93.6 %, so that class reaches 95 % only below 36.8 % of failures.
  test.each([
    ['crisis', 1, true],
    ['premium', 1 - FAILURE_SHARE ** 7, true],
    ['basic', 1 - FAILURE_SHARE ** 5, true],
    ['trial', 1 - FAILURE_SHARE ** 3, false],
  ] as const)(
    'RT-1 %s: %f of them complete when 40 %% of attempts fail (95 %% reached: %s)',
    (name, expected, isReached) => {
      const share = shareCompleted(name, seeded(20_261_125));
      process.stdout.write(`RT-1 ${name}: ${(share * 100).toFixed(2)} % completed\n`);
      expect(expected >= 0.95).toBe(isReached);
      // Four standard deviations of a share among this many.
      const spread = 4 * Math.sqrt((expected * (1 - expected)) / OPERATIONS);
      expect(Math.abs(share - expected)).toBeLessThanOrEqual(spread);
    },
  );
});
