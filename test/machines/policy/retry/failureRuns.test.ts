import { describe, expect, test } from 'vitest';
import { FailureRuns, type RunCaller } from '../../../../machines/policy/retry/failureRuns.ts';

const ENTITY = { type: 'account', id: '7' };

/** A call of this operation; of one type, subject and entity unless it says otherwise. */
function callOf(id: string, more: Partial<RunCaller> = {}): RunCaller {
  return { id, type: 'payments.push', subject: 'user-42', entity: null, ...more };
}

/** Failures of these operations, one each second from 1,000 on. */
function failing(...ids: readonly string[]): FailureRuns {
  const runs = new FailureRuns(900);
  runs.answered('payments', callOf('z'), 950);
  for (const [index, id] of ids.entries()) runs.failed('payments', callOf(id), 1_000 * (index + 1));
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
    runs.answered('payments', callOf('z'), 5_000);
    expect(runs.wantsSuccess('payments')).toBe(false);
    expect(runs.wantsSuccess('records')).toBe(true);
    expect(runs.haveOthersFailed('payments', 'a', 1_000)).toBe(true);
    runs.failed('payments', callOf('a'), 6_000);
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
    runs.answered('payments', callOf('z'), 4_000);
    expect(runs.isDoubted('payments', 3_000)).toBe(false);
    // What failed in an earlier process has one more turn, where it has no other.
    expect(runs.isDoubted('payments', 500)).toBe(true);
  });

  test('RT-1 where nothing was answered yet, the first is doubted', () => {
    const runs = new FailureRuns(0);
    runs.failed('payments', callOf('a'), 1_000);
    expect(runs.isDoubted('payments', 1_000)).toBe(true);
    runs.answered('payments', callOf('z'), 2_000);
    runs.failed('payments', callOf('a'), 3_000);
    expect(runs.isDoubted('payments', 3_000)).toBe(false);
  });

  test('RT-1 what failed is unanswered until a success, and not again with the next failure', () => {
    const runs = failing('a');
    expect(runs.isUnanswered('payments', 1_000)).toBe(true);
    expect(runs.isUnanswered('records', 1_000)).toBe(false);
    runs.answered('payments', callOf('z'), 2_000);
    expect(runs.isUnanswered('payments', 1_000)).toBe(false);
    runs.failed('payments', callOf('b'), 3_000);
    expect(runs.isUnanswered('payments', 1_000)).toBe(false);
    expect(runs.isUnanswered('payments', 3_000)).toBe(true);
  });

  test('RT-1 five in a row excuse each of them, then and later', () => {
    expect(failing('a', 'a', 'a', 'a').wasLongRun('payments', 1_000)).toBe(false);
    const runs = failing('a', 'a', 'a', 'a', 'a');
    runs.answered('payments', callOf('z'), 9_000);
    expect(runs.wasLongRun('payments', 1_000)).toBe(true);
    expect(runs.wasLongRun('payments', 999)).toBe(false);
    expect(runs.wasLongRun('payments', 9_001)).toBe(false);
    expect(runs.wasLongRun('records', 1_000)).toBe(false);
  });

  test('RT-1 the last 32 are remembered', () => {
    const runs = new FailureRuns(0);
    for (let run = 0; run < 40; run += 1) {
      for (const id of ['a', 'b']) runs.failed('payments', callOf(id), run * 10);
      runs.answered('payments', callOf('z'), run * 10 + 5);
    }
    expect(runs.haveOthersFailed('payments', 'a', 70)).toBe(false);
    expect(runs.haveOthersFailed('payments', 'a', 80)).toBe(true);
  });
});

describe('RT-1 contrary proof', () => {
  const other = { type: 'records.push' };

  /** Six failures from 1,000 to 6,000, then an answer at 7,000 and another failure. */
  function ended(
    failed: (index: number) => Partial<RunCaller>,
    answered: Partial<RunCaller>,
    again: Partial<RunCaller> | null,
  ): FailureRuns {
    const runs = new FailureRuns(0);
    for (let n = 0; n < 6; n += 1)
      runs.failed('payments', callOf(`f${n}`, failed(n)), (n + 1) * 1_000);
    runs.answered('payments', callOf('answered', answered), 7_000);
    if (again !== null) runs.failed('payments', callOf('again', again), 8_000);
    return runs;
  }

  const cases: readonly [
    what: string,
    failed: (index: number) => Partial<RunCaller>,
    answered: Partial<RunCaller>,
    again: Partial<RunCaller> | null,
    isDisproved: boolean,
  ][] = [
    ['a type that fails again after another was answered', () => ({}), other, {}, true],
    ['a type of which nothing has failed again yet', () => ({}), other, null, false],
    ['a run of several types', (n) => (n % 2 === 0 ? other : {}), { type: 'x' }, {}, false],
    ['a type that is answered itself', () => ({}), { entity: ENTITY }, {}, false],
    ['another type that fails after it', () => ({}), other, { type: 'x' }, false],
    ['one entity, of one type', () => ({ entity: ENTITY }), {}, { entity: ENTITY }, true],
    [
      'several entities, of one type',
      (n) => ({ entity: { ...ENTITY, id: `${n}` } }),
      {},
      { entity: { ...ENTITY, id: '0' } },
      false,
    ],
    ['one subject, of one type without entities', () => ({}), { subject: 'user-7' }, {}, true],
    ['several subjects', (n) => ({ subject: `${n}` }), { subject: 'x' }, { subject: '0' }, false],
    ['one subject of several that are answered', () => ({}), { ...other, subject: 'x' }, {}, true],
  ];

  test.each(cases)('RT-1 %s', (_, failed, answered, again, isDisproved) => {
    expect(ended(failed, answered, again).isDisproved('payments', 3_000)).toBe(isDisproved);
  });

  test('RT-1 what is well again was down, and later failures prove nothing of it', () => {
    const runs = ended(() => ({}), other, null);
    expect(runs.wantsSuccess('payments')).toBe(true);
    runs.answered('payments', callOf('well'), 8_000);
    expect(runs.wantsSuccess('payments')).toBe(false);
    runs.failed('payments', callOf('later'), 9_000);
    expect(runs.isDisproved('payments', 3_000)).toBe(false);
  });

  test('RT-1 while a run goes on nothing is proved', () => {
    const runs = ended(() => ({}), other, {});
    expect(runs.isDisproved('payments', 8_000)).toBe(false);
    expect(runs.isDisproved('records', 3_000)).toBe(false);
  });
});
