import { describe, expect, test } from 'vitest';
import { FailureRuns } from '../../../../machines/policy/retry/failureRuns.ts';

/** Failures of these operations, one each second from 1,000 on. */
function failing(...ids: readonly string[]): FailureRuns {
  const runs = new FailureRuns(900);
  runs.answered('payments', 950);
  for (const [index, id] of ids.entries()) runs.failed('payments', id, 1_000 * (index + 1));
  return runs;
}

describe('RT-1 whose calls failed together', () => {
  test('RT-1 a request that alone fails is told from others', () => {
    expect(failing('a', 'a', 'a').haveOthersFailed('payments', 'a', 2_000)).toBe(false);
    const runs = failing('a', 'a', 'b');
    // The first of the run learns it as well.
    expect(runs.haveOthersFailed('payments', 'a', 1_000)).toBe(true);
    expect(runs.haveOthersFailed('payments', 'b', 3_000)).toBe(true);
    expect(runs.haveOthersFailed('records', 'a', 1_000)).toBe(false);
  });

  test('RT-1 that is known after the run has ended, and of no time after it', () => {
    const runs = failing('a', 'b');
    runs.answered('payments', 5_000);
    expect(runs.wantsSuccess('payments')).toBe(false);
    expect(runs.wantsSuccess('records')).toBe(true);
    expect(runs.haveOthersFailed('payments', 'a', 1_000)).toBe(true);
    runs.failed('payments', 'a', 6_000);
    expect(runs.haveOthersFailed('payments', 'a', 6_000)).toBe(false);
    expect(runs.haveOthersFailed('payments', 'a', 5_500)).toBe(false);
  });

  test('RT-1 of an earlier process nothing is known: others may have failed', () => {
    expect(new FailureRuns(1_001).haveOthersFailed('payments', 'a', 1_000)).toBe(true);
    expect(failing('b').haveOthersFailed('payments', 'a', 899)).toBe(true);
  });
});

describe('RT-1 runs of failures', () => {
  test('RT-1 three in a row are doubted, until a success', () => {
    expect(failing('a', 'a').isDoubted('payments', 2_000)).toBe(false);
    const runs = failing('a', 'a', 'a');
    expect(runs.isDoubted('payments', 3_000)).toBe(true);
    runs.answered('payments', 4_000);
    expect(runs.isDoubted('payments', 3_000)).toBe(false);
    // What failed in an earlier process has one more turn, where it has no other.
    expect(runs.isDoubted('payments', 500)).toBe(true);
  });

  test('RT-1 where nothing was answered yet, the first is doubted', () => {
    const runs = new FailureRuns(0);
    runs.failed('payments', 'a', 1_000);
    expect(runs.isDoubted('payments', 1_000)).toBe(true);
    runs.answered('payments', 2_000);
    runs.failed('payments', 'a', 3_000);
    expect(runs.isDoubted('payments', 3_000)).toBe(false);
  });

  test('RT-1 five in a row excuse each of them, then and later', () => {
    expect(failing('a', 'a', 'a', 'a').wasLongRun('payments', 1_000)).toBe(false);
    const runs = failing('a', 'a', 'a', 'a', 'a');
    runs.answered('payments', 9_000);
    expect(runs.wasLongRun('payments', 1_000)).toBe(true);
    expect(runs.wasLongRun('payments', 999)).toBe(false);
    expect(runs.wasLongRun('payments', 9_001)).toBe(false);
    expect(runs.wasLongRun('records', 1_000)).toBe(false);
  });

  test('RT-1 the last 32 are remembered', () => {
    const runs = new FailureRuns(0);
    for (let run = 0; run < 40; run += 1) {
      for (const id of ['a', 'b']) runs.failed('payments', id, run * 10);
      runs.answered('payments', run * 10 + 5);
    }
    expect(runs.haveOthersFailed('payments', 'a', 70)).toBe(false);
    expect(runs.haveOthersFailed('payments', 'a', 80)).toBe(true);
  });
});
