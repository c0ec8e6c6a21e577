import { describe, expect, test } from 'vitest';
import { downMsAt, wasDownAt } from '../../../machines/policy/breaker/outages.ts';
import { BreakerHarness } from '../../support/harness/breakerHarness.ts';

describe('what is known of outages', () => {
  test('CB-6 the time from the last known failure to closed is measured', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    breaker.wait(1_000);
    breaker.probe('failed');
    breaker.wait(2_500);
    breaker.probe('succeeded');
    const measured = { recoveries: 1, recoveriesMs: 2_500, lastRecoveryMs: 2_500 };
    expect(breaker.context).toMatchObject({ ...measured, longestRecoveryMs: 2_500 });
    breaker.becomeHalfOpen();
    breaker.probe('succeeded');
    expect(breaker.context).toMatchObject({ recoveriesMs: 3_500, lastRecoveryMs: 1_000 });
    expect(breaker.context.longestRecoveryMs).toBe(2_500);
  });

  test('CB-6 time held by an operator is no recovery', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    breaker.order('forcedOpen');
    breaker.wait(1e6);
    breaker.release();
    breaker.probe('succeeded');
    expect(breaker.context).toMatchObject({ recoveries: 0, recoveriesMs: 0 });
  });

  test('CB-6 a clock set back during an outage does not make the sum smaller', () => {
    const breaker = new BreakerHarness();
    breaker.becomeHalfOpen();
    breaker.nowMs -= 1e9;
    breaker.probe('succeeded');
    expect(breaker.context).toMatchObject({ recoveries: 1, recoveriesMs: 0 });
  });

  test('RT-1 an instant is told to lie in an outage from its first failure to its end, over a restart', () => {
    const breaker = new BreakerHarness();
    const beganAtMs = breaker.nowMs - 300;
    breaker.trip({ downMs: 300 });
    const was = (atMs: number): boolean => wasDownAt(breaker.context, atMs);
    expect([beganAtMs - 1, beganAtMs, breaker.nowMs + 9_999].map(was)).toEqual([false, true, true]);
    breaker.wait(1_000);
    breaker.probe('succeeded');
    const endedAtMs = breaker.nowMs;
    breaker.restart(50);
    expect([beganAtMs - 1, beganAtMs, endedAtMs, endedAtMs + 1].map(was)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('RT-1 the latest outages are kept, and no more', () => {
    const breaker = new BreakerHarness();
    for (let outages = 0; outages < 40; outages += 1) {
      breaker.trip();
      breaker.deliverCrisis();
    }
    expect(breaker.context.outages).toHaveLength(32);
  });

  test('RT-1 the time that it was down is counted, but for what no process lived through', () => {
    const breaker = new BreakerHarness();
    const down = (): number => downMsAt(breaker.context, breaker.nowMs);
    breaker.wait(5_000);
    expect(down()).toBe(0);
    breaker.trip();
    breaker.wait(400);
    breaker.restart(100_000);
    expect(down()).toBe(400);
    breaker.wait(1_000);
    breaker.deliverCrisis();
    breaker.wait(9_999);
    expect(down()).toBe(1_400);
    breaker.order('forcedOpen');
    breaker.wait(100);
    expect(down()).toBe(1_500);
  });
});
