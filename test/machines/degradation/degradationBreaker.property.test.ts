import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BreakerState } from '../../../machines/policy/breaker/breakerPolicy.ts';
import { RecentCalls } from '../../../machines/policy/flow/recentCalls.ts';
import { claimBound } from '../../../machines/policy/service/admissionTable.ts';
import { wantedLevel } from '../../../machines/policy/service/degradationPolicy.ts';
import { URGENCY_MAX } from '../../../machines/vocabulary/urgency.ts';
import { BreakerHarness } from '../../support/harness/breakerHarness.ts';
import { DegradationHarness } from '../../support/harness/degradationHarness.ts';

type Bound = typeof claimBound;

/**
 * One upstream with its breaker and its level, and work of one urgency waiting for it. Each 100 ms
 * up to ten of them are claimed, if the bound lets them; the upstream fails a share of the calls
 * until it recovers.
 */
function runOutage(options: {
  readonly urgency: number;
  readonly failureShare: number;
  readonly outageMs: number;
  readonly bound: Bound;
}): { breaker: BreakerHarness; degradation: DegradationHarness; lastClaimMs: number } {
  const breaker = new BreakerHarness();
  const degradation = new DegradationHarness();
  const recent = new RecentCalls();
  const startMs = breaker.nowMs;
  const endMs = startMs + options.outageMs + 120_000;
  let calls = 0;
  let lastClaimMs = 0;
  while (breaker.nowMs < endMs) {
    const { nowMs } = breaker;
    const isOut = nowMs - startMs < options.outageMs;
    const isFailing = () => isOut && (calls++ * options.failureShare) % 1 < options.failureShare;
    const { mode } = breaker.decision;
    if (options.urgency <= options.bound(degradation.level, 'normal', mode)) {
      lastClaimMs = nowMs;
      for (let i = 0; i < 10; i++) {
        const failed = isFailing();
        if (breaker.decision.mode === 'probe') {
          const permitId = breaker.ask();
          if (permitId === null) break;
          breaker.report(permitId, failed ? 'failed' : 'succeeded');
        } else if (breaker.decision.mode === 'pass') {
          if (failed) breaker.fail();
          else breaker.succeed();
        } else break;
        recent.record(failed ? 'failure' : 'success', nowMs);
      }
    }
    const signals = { breaker: breaker.state as BreakerState, recentCalls: recent.read(nowMs) };
    const { wanted, causes } = wantedLevel(signals, degradation.policy, degradation.level);
    degradation.measure(wanted, causes);
    breaker.wait(100);
    degradation.wait(100);
  }
  return { breaker, degradation, lastClaimMs };
}

const outages = fc.record({
  urgency: fc.integer({ min: 1, max: URGENCY_MAX }),
  failureShare: fc.constantFrom(0.2, 0.3, 0.5, 0.9, 1),
  outageMs: fc.nat(60_000),
});

describe('a breaker and the level of its upstream', () => {
  test('DG-3 come back by themselves, whatever kind of work is the only one waiting', () => {
    fc.assert(
      fc.property(outages, (outage) => {
        const { breaker, degradation, lastClaimMs } = runOutage({ ...outage, bound: claimBound });
        expect(breaker.state).toBe('closed');
        expect(degradation.level).toBe('normal');
        expect(breaker.nowMs - lastClaimMs).toBeLessThan(1_000);
      }),
      { numRuns: 40 },
    );
  });

  test('DG-3 control: were probes subject to the level, low work alone would wait for ever', () => {
    const { breaker } = runOutage({
      urgency: URGENCY_MAX,
      failureShare: 1,
      outageMs: 10_000,
      bound: (level, globalLevel) => claimBound(level, globalLevel, 'pass'),
    });
    expect(breaker.state).toBe('halfOpen');
  });
});
