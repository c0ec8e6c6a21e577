import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
  DEFAULT_BREAKER_POLICY,
  openDurationMs,
} from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';

function faultOf(options: unknown): { code: string; field: string | undefined; message: string } {
  try {
    checkBreakerPolicy(options as Partial<BreakerPolicy>, 'upstreams.payments.breaker');
  } catch (error) {
    if (isHoldfastError(error)) return error;
  }
  throw new Error('was not refused');
}

describe('checkBreakerPolicy', () => {
  test('CB-1 fills in the defaults, which are themselves a valid policy', () => {
    expect(checkBreakerPolicy(undefined, 'breaker')).toEqual(DEFAULT_BREAKER_POLICY);
    expect(checkBreakerPolicy({}, 'breaker')).toEqual(DEFAULT_BREAKER_POLICY);
    expect(checkBreakerPolicy(DEFAULT_BREAKER_POLICY, 'breaker')).toEqual(DEFAULT_BREAKER_POLICY);
    const changed = checkBreakerPolicy({ openMs: 50, probesMax: undefined } as never, 'breaker');
    expect(changed).toEqual({ ...DEFAULT_BREAKER_POLICY, openMs: 50 });
    expect(Object.isFrozen(changed)).toBe(true);
  });

  test.each([
    ['openMs', 0],
    ['openMs', 1.5],
    ['openMs', '1000'],
    ['openMs', Number.NaN],
    ['openMsMax', Number.POSITIVE_INFINITY],
    ['failureRateToOpen', 1.1],
    ['failureRateToOpen', 0],
    ['openMultiplier', 0.9],
    ['openJitterShare', -0.1],
    ['probesMax', 0],
    ['probeLeaseMs', null],
  ])('CB-1 refuses %s of %s by name', (name, value) => {
    const fault = faultOf({ [name]: value });
    expect(fault.code).toBe('HF_OPTION_INVALID');
    expect(fault.field).toBe(`upstreams.payments.breaker.${name}`);
    expect(fault.message).toMatch(/must be a (whole )?number from .+ to .+\.$/);
  });

  test('CB-1 refuses a field it does not know, and lists those it does', () => {
    const fault = faultOf({ opnMs: 1_000 });
    expect(fault.field).toBe('upstreams.payments.breaker.opnMs');
    expect(fault.message).toContain('openMs');
    expect(faultOf({ toString: 1 }).field).toBe('upstreams.payments.breaker.toString');
  });

  test.each([[null], [5], ['fast'], [[]]])('CB-1 refuses %j in place of an object', (options) => {
    expect(faultOf(options).field).toBe('upstreams.payments.breaker');
  });

  test('CB-1 refuses numbers that are at odds', () => {
    expect(faultOf({ openMs: 60_000, openMsMax: 59_999 }).field).toBe(
      'upstreams.payments.breaker.openMsMax',
    );
    expect(checkBreakerPolicy({ openMs: 60_000 }, 'breaker').openMsMax).toBe(60_000);
    expect(faultOf({ openMs: 60_000, openMsMax: 59_999 }).message).toContain('below openMs');
    expect(faultOf({ windowCalls: 10 }).field).toBe('upstreams.payments.breaker.windowCallsMin');
    expect(faultOf({ windowCalls: 10 }).message).toContain('above windowCalls');
    expect(checkBreakerPolicy({ openMultiplier: 1.5 }, 'breaker').openMultiplier).toBe(1.5);
    const even = { openMs: 500, openMsMax: 500, windowCalls: 30, windowCallsMin: 30 };
    expect(checkBreakerPolicy(even, 'breaker')).toMatchObject(even);
  });
});

describe('openDurationMs', () => {
  test('CB-2 is a whole span between the least and the most whatever comes in', () => {
    const policy = DEFAULT_BREAKER_POLICY;
    const mostMs = policy.retryAfterMsMax * (1 + policy.openJitterShare);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.double(),
        fc.option(fc.double(), { nil: undefined }),
        (tripsInARow, draw, retryAfterMs) => {
          const ms = openDurationMs(policy, { tripsInARow, draw, retryAfterMs });
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(policy.openMs);
          expect(ms).toBeLessThanOrEqual(Math.ceil(mostMs));
        },
      ),
    );
  });

  test('CB-2 is longer with each trip in a row, up to the longest', () => {
    const policy = { ...DEFAULT_BREAKER_POLICY, openMs: 100, openMultiplier: 3, openMsMax: 1_000 };
    const lengths = [1, 2, 3, 4].map((tripsInARow) =>
      openDurationMs(policy, { tripsInARow, draw: 0 }),
    );
    expect(lengths).toEqual([100, 300, 900, 1_000]);
  });

  test('CB-2 a draw or a Retry-After that is no number above zero counts as none', () => {
    const policy = { ...DEFAULT_BREAKER_POLICY, openJitterShare: 0.5 };
    for (const wrong of [-1, Number.NaN, 0]) {
      const trip = { tripsInARow: 1, draw: wrong, retryAfterMs: wrong };
      expect(openDurationMs(policy, trip)).toBe(policy.openMs);
    }
    expect(openDurationMs(policy, { tripsInARow: 1, draw: 7 })).toBe(policy.openMs * 1.5);
  });

  test('CB-2 spreads clients that were all told the same Retry-After', () => {
    const policy = { ...DEFAULT_BREAKER_POLICY, openJitterShare: 0.2 };
    const at = (draw: number) =>
      openDurationMs(policy, { tripsInARow: 1, draw, retryAfterMs: 10_000 });
    expect([at(0), at(0.5)]).toEqual([10_000, 11_000]);
  });
});
