import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBreakerPolicy } from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { type CallOutcome, CallWindow } from '../../../../machines/policy/breaker/callWindow.ts';

function windowOf(options: Parameters<typeof checkBreakerPolicy>[0]): CallWindow {
  return new CallWindow(checkBreakerPolicy(options, 'breaker'));
}

function record(window: CallWindow, outcomes: string): unknown[] {
  const words: Record<string, CallOutcome> = { s: 'success', f: 'failure', i: 'ignored' };
  return Array.from(outcomes, (letter) => window.record(words[letter] ?? 'ignored'));
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
    expect([window.calls, window.failures]).toEqual([4, 0]);
    expect(record(window, 'f')).toEqual([null]);
    expect(record(window, 'f')).toEqual(['rate']);
  });

  test('CB-1 a success never trips it, even when it completes the least number of calls', () => {
    const window = windowOf({ failureRateToOpen: 0.1, windowCalls: 4, windowCallsMin: 4 });
    expect(record(window, 'fffs')).toEqual([null, null, null, null]);
    expect(record(window, 'f')).toEqual(['rate']);
  });

  test('CB-1 ignored outcomes count for nothing and do not end a row of failures', () => {
    const window = windowOf({ consecutiveFailuresToOpen: 3 });
    expect(record(window, 'fifii')).toEqual([null, null, null, null, null]);
    expect(window.calls).toBe(2);
    expect(record(window, 'f')).toEqual(['consecutive']);
  });

  test('CB-1 cleared, it starts from nothing', () => {
    const window = windowOf({ consecutiveFailuresToOpen: 3, windowCalls: 5, windowCallsMin: 5 });
    record(window, 'fffff');
    window.clear();
    expect([window.calls, window.failures, window.failuresInARow]).toEqual([0, 0, 0]);
    expect(record(window, 'ff')).toEqual([null, null]);
  });

  test('CB-1 agrees with a list of the latest outcomes, whatever happened', () => {
    const outcome = fc.constantFrom<CallOutcome>('success', 'failure', 'ignored');
    fc.assert(
      fc.property(
        fc.array(outcome, { maxLength: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (outcomes, windowCalls) => {
          const window = windowOf({ windowCalls, windowCallsMin: 1 });
          const counted: CallOutcome[] = [];
          for (const each of outcomes) {
            window.record(each);
            if (each !== 'ignored') counted.push(each);
            const latest = counted.slice(-windowCalls);
            expect(window.calls).toBe(latest.length);
            expect(window.failures).toBe(latest.filter((one) => one === 'failure').length);
            expect(window.failuresInARow).toBe(counted.length - 1 - counted.lastIndexOf('success'));
          }
        },
      ),
    );
  });
});
