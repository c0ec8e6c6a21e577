import { expect, test } from 'vitest';
import { failureOf, transientFailure } from '../../../../machines/policy/retry/classifyFailure.ts';
import { isExcused, isExhausted } from '../../../../machines/policy/retry/failureRuns.ts';

const BUSY = failureOf(transientFailure('Busy.', { status: 503 }));
const BROKEN = failureOf(transientFailure('Broken.', { status: 500 }));
const CUT_OFF = failureOf(Object.assign(new Error('read'), { code: 'ECONNRESET' }));
const LAST = { failure: BUSY, failedAtMs: 5, attempt: 2, attemptsMax: 2 };
const UNPROVED = { isDisproved: false };
const ALONE_IN_OUTAGE = {
  ...{ wasOutage: true, isDoubted: false, isUnanswered: false },
  ...{ haveOthersFailed: false, ...UNPROVED },
};
const NOTHING_SINCE = { ...ALONE_IN_OUTAGE, wasOutage: false, isUnanswered: true };
const IN_DOUBT = { ...ALONE_IN_OUTAGE, wasOutage: false, isDoubted: true, haveOthersFailed: true };

test.each([
  ['a 503 in an outage', LAST, ALONE_IN_OUTAGE, true],
  ['a 500 in an outage, alone', { ...LAST, failure: BROKEN }, ALONE_IN_OUTAGE, false],
  [
    'a 500 in an outage, with others',
    { ...LAST, failure: BROKEN },
    { ...ALONE_IN_OUTAGE, haveOthersFailed: true },
    true,
  ],
  ['a 503 in what was no outage', LAST, { ...ALONE_IN_OUTAGE, isDisproved: true }, false],
  ['its last attempt, in a doubt that was none', LAST, { ...IN_DOUBT, isDisproved: true }, false],
  ['its last attempt, while its upstream is in doubt', LAST, IN_DOUBT, true],
  [
    'its last attempt, cut off, and nothing was answered since',
    { ...LAST, failure: CUT_OFF },
    NOTHING_SINCE,
    true,
  ],
  [
    'its last attempt, cut off, and another was answered since',
    { ...LAST, failure: CUT_OFF },
    { ...NOTHING_SINCE, isUnanswered: false },
    false,
  ],
  ['its last attempt, a 503, and nothing was answered since', LAST, NOTHING_SINCE, false],
  [
    'an earlier attempt, cut off, and nothing was answered since',
    { ...LAST, failure: CUT_OFF, attempt: 1 },
    NOTHING_SINCE,
    false,
  ],
  ['an earlier attempt, in doubt', { ...LAST, attempt: 1 }, IN_DOUBT, false],
  ['one without a bound, in doubt', { ...LAST, attemptsMax: null }, IN_DOUBT, false],
  ['a failure that is judged already', { ...LAST, failedAtMs: undefined }, ALONE_IN_OUTAGE, false],
  ['no failure', { ...LAST, failure: null }, ALONE_IN_OUTAGE, false],
])('RT-1 %s', (_, judged, facts, excused) => {
  expect(isExcused(judged, facts)).toBe(excused);
});

test('RT-1 the last attempt ends it, unless it is excused', () => {
  expect(isExhausted(LAST, false)).toBe(true);
  expect(isExhausted(LAST, true)).toBe(false);
  expect(isExhausted({ ...LAST, attempt: 1 }, false)).toBe(false);
});
