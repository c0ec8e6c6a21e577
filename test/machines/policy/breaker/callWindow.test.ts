import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
} from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { CallWindow, type TripCause } from '../../../../machines/policy/breaker/callWindow.ts';
import type { CallResult } from '../../../../machines/vocabulary/callResult.ts';

function windowOf(options: Parameters<typeof checkBreakerPolicy>[0]): CallWindow {
  return new CallWindow(checkBreakerPolicy(options, 'breaker'));
}

function record(window: CallWindow, results: string): unknown[] {
  const words: Record<string, CallResult> = { s: 'success', f: 'failure', i: 'ignored' };
  return Array.from(results, (letter) => window.record(words[letter] ?? 'ignored'));
}

/** Whether the last of `counted`, a failure, trips a breaker, and why; counted from the list anew. */
function tripCause(
  counted: readonly CallResult[],
  policy: Pick<
    BreakerPolicy,
    'consecutiveFailuresToOpen' | 'failureRateToOpen' | 'windowCalls' | 'windowCallsMin'
  >,
): TripCause | null {
  const inARow = counted.length - 1 - counted.lastIndexOf('success');
  if (inARow >= policy.consecutiveFailuresToOpen) return 'consecutive';
  const latest = counted.slice(-policy.windowCalls);
  const failures = latest.filter((one) => one === 'failure').length;
  if (latest.length < policy.windowCallsMin) return null;
  return failures / latest.length >= policy.failureRateToOpen ? 'rate' : null;
}

describe('CallWindow', () => {
  test('CB-1 so many failures in a row trip it, and every further one again', () => {
    const window = windowOf({ consecutiveFailuresToOpen: 3 });
    expect(record(window, 'ffsff')).toEqual([null, null, null, null, null]);
    expect(record(window, 'ff')).toEqual(['consecutive', 'consecutive']);
  });

  test('CB-1 the failure rate trips it at the threshold, never below the least number of calls', () => {
    const options = { consecutiveFailuresToOpen: 9, failureRateToOpen: 0.5, windowCalls: 6 };
    expect(record(windowOf({ ...options, windowCallsMin: 6 }), 'sfsfsf')).toEqual([
      ...[null, null, null, null, null],
      'rate',
    ]);
    expect(record(windowOf({ ...options, windowCallsMin: 6 }), 'fffff')).not.toContain('rate');
  });

  test('CB-1 what left the window no longer counts', () => {
    const window = windowOf({
      consecutiveFailuresToOpen: 99,
      failureRateToOpen: 0.5,
      windowCalls: 4,
      windowCallsMin: 4,
    });
    record(window, 'ffssss');
    expect(record(window, 'f')).toEqual([null]);
    expect(record(window, 'f')).toEqual(['rate']);
  });

  test('CB-1 a success never trips it, even when it completes the least number of calls', () => {
    const window = windowOf({ failureRateToOpen: 0.1, windowCalls: 4, windowCallsMin: 4 });
    expect(record(window, 'fffs')).toEqual([null, null, null, null]);
    expect(record(window, 'f')).toEqual(['rate']);
  });

  test('CB-1 ignored results count for nothing and do not end a row of failures', () => {
    const window = windowOf({ consecutiveFailuresToOpen: 3 });
    expect(record(window, 'fifii')).toEqual([null, null, null, null, null]);
    expect(record(window, 'f')).toEqual(['consecutive']);
  });

  test('CB-1 cleared, it starts from nothing', () => {
    const window = windowOf({ consecutiveFailuresToOpen: 3, windowCalls: 5, windowCallsMin: 5 });
    record(window, 'fffff');
    window.clear();
    expect(record(window, 'fff')).toEqual([null, null, 'consecutive']);
  });

  test('CB-1 cleared, neither its calls nor its failures count towards the rate', () => {
    const options = { consecutiveFailuresToOpen: 9, failureRateToOpen: 0.5, windowCalls: 4 };
    const window = windowOf({ ...options, windowCallsMin: 4 });
    record(window, 'fsf');
    window.clear();
    expect(record(window, 'fssf')).toEqual([null, null, null, 'rate']);
    window.clear();
    expect(record(window, 'sssf')).toEqual([null, null, null, null]);
    expect(record(window, 'f')).toEqual(['rate']);
  });

  test('CB-1 agrees with a list of the latest results, whatever happened', () => {
    const result = fc.constantFrom<CallResult>('success', 'failure', 'ignored');
    fc.assert(
      fc.property(
        fc.array(result, { maxLength: 200 }),
        fc.record({
          windowCalls: fc.integer({ min: 1, max: 20 }),
          windowCallsMin: fc.integer({ min: 1, max: 20 }),
          consecutiveFailuresToOpen: fc.integer({ min: 1, max: 8 }),
          failureRateToOpen: fc.constantFrom(0.2, 0.5, 0.75, 1),
        }),
        (results, { windowCallsMin, ...options }) => {
          const policy = {
            ...options,
            windowCallsMin: Math.min(windowCallsMin, options.windowCalls),
          };
          const window = windowOf(policy);
          const counted: CallResult[] = [];
          for (const each of results) {
            if (each !== 'ignored') counted.push(each);
            expect(window.record(each)).toBe(
              each === 'failure' ? tripCause(counted, policy) : null,
            );
          }
        },
      ),
    );
  });
});
