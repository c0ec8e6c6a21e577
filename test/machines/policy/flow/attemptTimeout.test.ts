import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AttemptTimeout } from '../../../../machines/policy/flow/attemptTimeout.ts';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';

const { timeoutMsMin, timeoutMsMax } = DEFAULT_FLOW_POLICY;

function measured(...latencies: number[]): AttemptTimeout {
  const timeout = new AttemptTimeout(DEFAULT_FLOW_POLICY);
  for (const latencyMs of latencies) timeout.answered(latencyMs);
  return timeout;
}

const same = (latencyMs: number, times: number): number[] =>
  new Array<number>(times).fill(latencyMs);

describe('PF-1 how long an attempt may take', () => {
  test('PF-1 the longest, while nothing is known', () => {
    expect([measured().timeoutMs, measured().meanMs]).toEqual([timeoutMsMax, null]);
  });

  test('PF-1 twice the mean and four deviations: 2 * 800 + 4 * 400 after one answer', () => {
    expect(measured(800).timeoutMs).toBe(3_200);
  });

  test('PF-1 near twice the mean where it does not vary, and never below the least', () => {
    expect(measured(...same(800, 50)).timeoutMs).toBeCloseTo(1_600, -1);
    expect(measured(...same(10, 50)).timeoutMs).toBe(timeoutMsMin);
  });

  test('PF-1 never above the longest', () => {
    expect(measured(...same(60_000, 20)).timeoutMs).toBe(timeoutMsMax);
  });

  test('PF-1 one that passed makes the next ones longer, once for all that were in flight', () => {
    const timeout = measured(...same(10, 50));
    for (let call = 0; call < 20; call++) timeout.timedOut(5_000, false);
    expect(timeout.timeoutMs).toBeCloseTo(1.3 * timeoutMsMin);
    timeout.timedOut(6_400, false);
    expect(timeout.timeoutMs).toBeCloseTo(1.3 * 1.3 * timeoutMsMin);
  });

  test('PF-1 while the upstream is down it grows with the outage, and is back when it is up', () => {
    const timeout = measured(...same(10, 50));
    timeout.timedOut(5_000, true);
    expect(timeout.timeoutMs).toBe(timeoutMsMin);
    timeout.downFor(60_000);
    expect(timeout.timeoutMs).toBe(3_000);
    timeout.downFor(3_600_000);
    expect(timeout.timeoutMs).toBe(timeoutMsMax);
    timeout.downFor(0);
    expect(timeout.timeoutMs).toBe(timeoutMsMin);
  });

  test('PF-1 what was measured before a restart holds after it', () => {
    const before = measured(300, 500, 400);
    const after = new AttemptTimeout(DEFAULT_FLOW_POLICY, {
      latencyMs: before.meanMs,
      latencyDeviationMs: before.deviationMs,
    });
    expect(after.timeoutMs).toBe(before.timeoutMs);
  });

  test('PF-1 it stays within its bounds whatever is measured', () => {
    const step = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(null));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const timeout = new AttemptTimeout(DEFAULT_FLOW_POLICY);
        for (const [at, latencyMs] of steps.entries()) {
          if (latencyMs === null) timeout.timedOut(at * 20_000, false);
          else timeout.answered(latencyMs);
          expect(timeout.timeoutMs).toBeGreaterThanOrEqual(timeoutMsMin);
          expect(timeout.timeoutMs).toBeLessThanOrEqual(timeoutMsMax);
        }
      }),
    );
  });
});

describe('PF-1 mean, deviation and what is early', () => {
  test('PF-1 an eighth of a new answer goes into the mean, a quarter of how far it is off into the deviation', () => {
    const timeout = measured(800);
    expect([timeout.meanMs, timeout.deviationMs]).toEqual([800, 400]);
    timeout.answered(1_600);
    expect([timeout.meanMs, timeout.deviationMs]).toEqual([900, 500]);
    timeout.answered(100);
    expect([timeout.meanMs, timeout.deviationMs]).toEqual([800, 575]);
    expect(timeout.timeoutMs).toBe(3_900);
  });

  test('PF-1 early is less than four fifths of the usual; before the first answer everything is', () => {
    expect(measured().isEarly(1e9)).toBe(true);
    const timeout = measured(1_000);
    expect([799.9, 800].map((ms) => timeout.isEarly(ms))).toEqual([true, false]);
  });

  test('PF-1 what was kept is used where it is a latency, of 0 ms, too', () => {
    const kept = (latencyMs: number | null) =>
      new AttemptTimeout(DEFAULT_FLOW_POLICY, { latencyMs, latencyDeviationMs: 500 });
    expect([kept(0).meanMs, kept(0).timeoutMs]).toEqual([0, 2_000]);
    expect([kept(null).meanMs, kept(null).timeoutMs]).toEqual([null, timeoutMsMax]);
    expect([kept(-1).meanMs, kept(-1).timeoutMs]).toEqual([null, timeoutMsMax]);
    expect(measured().deviationMs).toBe(0);
  });

  test('PF-1 other bounds hold at once, and for what comes', () => {
    const timeout = measured(800);
    timeout.change({ timeoutMsMin: 5_000, timeoutMsMax: 20_000 });
    expect(timeout.timeoutMs).toBe(5_000);
    timeout.answered(60_000);
    expect(timeout.timeoutMs).toBe(20_000);
    timeout.change({ timeoutMsMin: 100, timeoutMsMax: 300 });
    expect(timeout.timeoutMs).toBe(300);
    timeout.downFor(3_600_000);
    expect(timeout.timeoutMs).toBe(300);
  });

  test('PF-1 a timeout that passed grows again once it has passed, to the millisecond', () => {
    const timeout = measured(...same(10, 50));
    timeout.timedOut(5_000, false);
    timeout.timedOut(6_299, false);
    expect(timeout.timeoutMs).toBeCloseTo(1.3 * timeoutMsMin);
    timeout.timedOut(6_300, false);
    expect(timeout.timeoutMs).toBeCloseTo(1.69 * timeoutMsMin);
    for (let nowMs = 20_000; nowMs < 400_000; nowMs += 20_000) timeout.timedOut(nowMs, false);
    expect(timeout.timeoutMs).toBe(timeoutMsMax);
  });
});
