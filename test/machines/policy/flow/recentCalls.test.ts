import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecentCalls } from '../../../../machines/policy/flow/recentCalls.ts';
import type { CallResult } from '../../../../machines/vocabulary/callResult.ts';

describe('RecentCalls', () => {
  test('DG-1 counts calls and failures, and leaves out what says nothing', () => {
    const recent = new RecentCalls(10_000);
    recent.record('success', 5);
    recent.record('failure', 6);
    recent.record('ignored', 7);
    expect(recent.read(8)).toEqual({ calls: 2, failures: 1 });
  });

  test('DG-1 forgets by time, with no call needed', () => {
    const recent = new RecentCalls(10_000);
    recent.record('failure', 0);
    recent.record('failure', 5_000);
    expect(recent.read(9_999)).toEqual({ calls: 2, failures: 2 });
    expect(recent.read(10_000)).toEqual({ calls: 1, failures: 1 });
    expect(recent.read(15_000)).toEqual({ calls: 0, failures: 0 });
    expect(recent.read(1e12)).toEqual({ calls: 0, failures: 0 });
  });

  test('DG-1 what it counts lies between nine tenths of the span and all of it', () => {
    const steps = fc.array(
      fc.record({
        afterMs: fc.oneof(fc.nat(50), fc.nat(5_000)),
        result: fc.constantFrom<CallResult>('success', 'failure'),
      }),
      { size: 'max', maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.nat(1e9), (history, startMs) => {
        const recent = new RecentCalls(1_000);
        const calls: { atMs: number; failed: number }[] = [];
        let atMs = startMs;
        for (const { afterMs, result } of history) {
          atMs += afterMs;
          recent.record(result, atMs);
          calls.push({ atMs, failed: result === 'failure' ? 1 : 0 });
          const within = (ms: number) => calls.filter((call) => atMs - call.atMs < ms);
          const failed = (some: typeof calls) => some.reduce((n, call) => n + call.failed, 0);
          const read = recent.read(atMs);
          expect(read.calls).toBeGreaterThanOrEqual(within(900).length);
          expect(read.calls).toBeLessThanOrEqual(within(1_000).length);
          expect(read.failures).toBeGreaterThanOrEqual(failed(within(900)));
          expect(read.failures).toBeLessThanOrEqual(failed(within(1_000)));
        }
      }),
    );
  });
});
