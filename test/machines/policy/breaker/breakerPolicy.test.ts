import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BreakerPolicy,
  breakerPacing,
  checkBreakerPolicy,
  DEFAULT_BREAKER_POLICY,
  openDurationMs,
  REMOVED,
} from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';

const FIELD = 'upstreams.payments.breaker';

function faultOf(
  options: unknown,
  attemptTimeoutMs = 10_000,
): { code: string; field: string | undefined; message: string } {
  try {
    checkBreakerPolicy(options as Partial<BreakerPolicy>, FIELD, attemptTimeoutMs);
  } catch (error) {
    if (isHoldfastError(error)) return error;
  }
  throw new Error('was not refused');
}

describe('checkBreakerPolicy', () => {
  test('CB-1 fills in the defaults, which are themselves a valid policy without any trip rule', () => {
    expect(checkBreakerPolicy(undefined, FIELD)).toEqual(DEFAULT_BREAKER_POLICY);
    expect(checkBreakerPolicy(DEFAULT_BREAKER_POLICY, FIELD)).toEqual(DEFAULT_BREAKER_POLICY);
    const changed = checkBreakerPolicy({ failureRateToOpen: 0.5 }, FIELD);
    expect(changed).toEqual({ ...DEFAULT_BREAKER_POLICY, failureRateToOpen: 0.5 });
    expect(Object.isFrozen(changed)).toBe(true);
  });

  test.each([
    ['consecutiveFailuresToOpen', 0],
    ['consecutiveFailuresToOpen', 1.5],
    ['consecutiveFailuresToOpen', '5'],
    ['failureRateToOpen', 1.1],
    ['failureRateToOpen', 0],
    ['slowCallRateToOpen', Number.NaN],
    ['windowMs', 10],
    ['probeLeaseMs', 0],
  ])('CB-1 refuses %s of %s by name', (name, value) => {
    const fault = faultOf({ [name]: value });
    expect([fault.code, fault.field]).toEqual(['HF_OPTION_INVALID', `${FIELD}.${name}`]);
    expect(fault.message).toMatch(/must be a (whole )?number from .+ to .+\.$/);
  });

  test('CB-1 refuses a field it does not know, and lists those it does', () => {
    expect(faultOf({ failurRateToOpen: 1 }).message).toContain('failureRateToOpen');
    expect(faultOf({ toString: 1 }).field).toBe(`${FIELD}.toString`);
  });

  test.each(Object.keys(REMOVED))(
    'CB-1 UX-2 %s is gone, and what to set instead is said',
    (name) => {
      const fault = faultOf({ [name]: 1_000 });
      expect([fault.code, fault.field]).toEqual(['HF_OPTION_INVALID', `${FIELD}.${name}`]);
      expect(fault.message).toMatch(/is (now flow\.|gone: )/);
    },
  );

  test.each([[null], [5], ['fast'], [[]]])('CB-1 refuses %j in place of an object', (options) => {
    expect(faultOf(options).field).toBe(FIELD);
  });

  test('CB-1 refuses a count of calls that no window reaches; a window of time has no such bound', () => {
    expect(faultOf({ windowCalls: 10 }).field).toBe(`${FIELD}.windowCallsMin`);
    const even = { windowCalls: 30, windowCallsMin: 30 };
    expect(checkBreakerPolicy(even, FIELD)).toMatchObject(even);
    const timed = { windowMs: 10_000, windowCalls: 10 };
    expect(checkBreakerPolicy(timed, FIELD)).toMatchObject(timed);
  });

  test('CB-2 refuses a lease that ends before an attempt may (B25)', () => {
    expect(faultOf({ probeLeaseMs: 35_000 }, 60_000).field).toBe(`${FIELD}.probeLeaseMs`);
    expect(faultOf({ probeLeaseMs: 35_000 }, 60_000).message).toContain('60000 ms');
    expect(checkBreakerPolicy({ probeLeaseMs: 60_000 }, FIELD, 60_000).probeLeaseMs).toBe(60_000);
  });

  test('CB-2 the lease follows the attempt timeout unless it is set', () => {
    const leaseOf = (options: Partial<BreakerPolicy>, timeoutMsMax = 60_000) =>
      breakerPacing(checkBreakerPolicy(options, FIELD), {
        ...DEFAULT_FLOW_POLICY,
        timeoutMsMax,
      }).leaseMs;
    expect(leaseOf({})).toBeGreaterThan(60_000);
    // Nor does it end before the next probe is due: a type may take longer than its upstream's calls.
    expect(leaseOf({}, 5_000)).toBeGreaterThan(1.1 * DEFAULT_FLOW_POLICY.probeMsMax);
    expect(leaseOf({ probeLeaseMs: 90_000 })).toBe(90_000);
  });
});

describe('openDurationMs', () => {
  const pacing = breakerPacing(DEFAULT_BREAKER_POLICY, DEFAULT_FLOW_POLICY);

  test('CB-2 is a whole span between the least and the most whatever comes in', () => {
    const anything = fc.double();
    fc.assert(
      fc.property(
        anything,
        anything,
        fc.option(anything, { nil: undefined }),
        (downMs, draw, asked) => {
          const ms = openDurationMs(pacing, { downMs, draw, retryAfterMs: asked });
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(Math.floor(pacing.probeMsMin * 0.9));
          expect(ms).toBeLessThanOrEqual(pacing.retryAfterMsMax);
        },
      ),
    );
  });

  test('CB-2 is a share of the time since the outage began', () => {
    const at = (downMs: number) => openDurationMs(pacing, { downMs, draw: 0.5 });
    const { probeMsMin, probeShare, probeMsMax } = pacing;
    const share = Math.round(probeShare * 10_000);
    const spans = [0, 1_000, 10_000, 3_600_000].map(at);
    expect(spans).toEqual([probeMsMin, probeMsMin, share, probeMsMax]);
  });

  test('CB-2 a Retry-After that is no number above zero counts as none', () => {
    for (const wrong of [-1, Number.NaN, 0]) {
      expect(openDurationMs(pacing, { downMs: 0, draw: 0.5, retryAfterMs: wrong })).toBe(
        pacing.probeMsMin,
      );
    }
  });
});
