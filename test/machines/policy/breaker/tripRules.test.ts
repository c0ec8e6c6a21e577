import { describe, expect, test } from 'vitest';
import {
  DEFAULT_BREAKER_POLICY,
  type TripRules,
} from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { type RuleTrip, TripCounter } from '../../../../machines/policy/breaker/tripRules.ts';

/** Calls that last a millisecond each, one after the other. */
class Calls {
  readonly counter: TripCounter;
  nowMs = 1_000;

  constructor(rules: Partial<TripRules>) {
    this.counter = new TripCounter({ ...DEFAULT_BREAKER_POLICY, ...rules });
  }

  end(failed: boolean, lastedMs = 1): RuleTrip['cause'] | null {
    this.nowMs += 1;
    const beganAtMs = this.nowMs - lastedMs;
    return this.counter.record({ failed, beganAtMs, endedAtMs: this.nowMs })?.cause ?? null;
  }

  many(times: number, failed: boolean, lastedMs = 1): readonly (RuleTrip['cause'] | null)[] {
    return Array.from({ length: times }, () => this.end(failed, lastedMs));
  }
}

test('CB-1 without a rule nothing is counted', () => {
  expect(TripCounter.for(DEFAULT_BREAKER_POLICY)).toBeNull();
  expect(TripCounter.for({ ...DEFAULT_BREAKER_POLICY, slowCallRateToOpen: 1 })).not.toBeNull();
});

describe('failures in a row', () => {
  test('CB-1 open it at the count, and with each further one', () => {
    const calls = new Calls({ consecutiveFailuresToOpen: 3 });
    expect(calls.many(4, true)).toEqual([null, null, 'consecutive', 'consecutive']);
    calls.end(false);
    expect(calls.many(2, true)).toEqual([null, null]);
  });

  test('CB-1 count by when they began: what was under way at the last success proves nothing (B4)', () => {
    const calls = new Calls({ consecutiveFailuresToOpen: 3 });
    calls.end(false);
    // Slow failures that began before that success, all ending after it.
    expect(calls.many(20, true, 10_000)).toEqual(Array.from({ length: 20 }, () => null));
    expect(calls.many(3, true).at(-1)).toBe('consecutive');
  });

  test('CB-1 the row begins with its first failure', () => {
    const calls = new Calls({ consecutiveFailuresToOpen: 2 });
    calls.end(true);
    const firstFailureAtMs = calls.nowMs;
    const trip = calls.counter.record({ failed: true, beganAtMs: 5_000, endedAtMs: 5_001 });
    expect(trip).toEqual({ cause: 'consecutive', firstFailureAtMs });
  });
});

describe('the share of failures', () => {
  test('CB-1 opens it from the least number of calls on, over the latest calls', () => {
    const calls = new Calls({ failureRateToOpen: 0.5, windowCalls: 10, windowCallsMin: 10 });
    calls.many(5, false);
    expect(calls.many(4, true)).toEqual([null, null, null, null]);
    expect(calls.end(true)).toBe('failureRate');
    calls.many(10, false);
    expect(calls.many(4, true)).toEqual([null, null, null, null]);
  });

  test('CB-1 an answer in time never opens it', () => {
    const calls = new Calls({ failureRateToOpen: 0.1, windowCalls: 10, windowCallsMin: 10 });
    calls.many(9, true);
    expect(calls.end(false)).toBeNull();
  });

  test('CB-1 over a window of time it forgets by time, not by traffic', () => {
    const calls = new Calls({ failureRateToOpen: 0.5, windowMs: 1_000, windowCallsMin: 4 });
    calls.many(3, true);
    expect(calls.end(true)).toBe('failureRate');
    calls.nowMs += 1_200;
    expect(calls.many(3, true)).toEqual([null, null, null]);
    expect(calls.end(true)).toBe('failureRate');
    calls.nowMs += 3_600_000;
    calls.many(3, false);
    expect(calls.many(2, true)).toEqual([null, null]);
  });
});

test('CB-1 slow calls open it by their share, answered or not', () => {
  const rules = { slowCallRateToOpen: 0.5, slowCallMs: 100, windowCalls: 4, windowCallsMin: 4 };
  const calls = new Calls(rules);
  calls.many(3, false);
  expect(calls.end(false, 100)).toBeNull();
  expect(calls.end(false, 100)).toBe('slowCallRate');
  expect(calls.end(false, 99)).toBeNull();
});

test('CB-1 a change of the breaker forgets all of it', () => {
  const calls = new Calls({
    consecutiveFailuresToOpen: 2,
    failureRateToOpen: 0.5,
    windowMs: 1_000,
  });
  calls.many(30, true);
  calls.counter.clear();
  expect(calls.end(true)).toBeNull();
});
