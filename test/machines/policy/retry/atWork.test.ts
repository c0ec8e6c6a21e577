import { describe, expect, test } from 'vitest';
import {
  conflictFailure,
  type Failure,
  failureOf,
  transientFailure,
  unknownOutcome,
} from '../../../../machines/policy/retry/classifyFailure.ts';
import {
  AT_WORK_MS,
  isAtWorkTooLong,
  workMark,
} from '../../../../machines/policy/retry/crashPolicy.ts';

const at = (upMs: number, upstream = 'payments') => ({ upstream, upMs });
const answered409 = (namesVersion: boolean): Failure =>
  failureOf(conflictFailure('In use.', { status: 409 }), {
    afterUnknownOutcome: true,
    namesVersion,
  });
const SILENT = failureOf(unknownOutcome('Silence.'));
const BROKEN = failureOf(transientFailure('Broken.', { status: 500 }));
const BUSY = failureOf(transientFailure('Busy.', { status: 503, notApplied: true }));

describe('RT-1 from where it counts how long an upstream may be at work', () => {
  test.each([
    ['no answer', SILENT],
    ['an answer of trouble', BROKEN],
  ])('RT-1 %s begins it, and each time anew', (_, failure) => {
    expect(workMark(undefined, failure, at(5))).toEqual(at(5));
    expect(workMark(at(5), failure, at(9))).toEqual(at(9));
  });

  test.each([true, false])(
    'RT-1 a 409 begins it only where nothing has, or at another upstream',
    (namesVersion) => {
      const failure = answered409(namesVersion);
      expect(workMark(undefined, failure, at(9))).toEqual(at(9));
      expect(workMark(at(5), failure, at(9))).toEqual(at(5));
      expect(workMark(at(5), failure, at(9, 'other'))).toEqual(at(9, 'other'));
    },
  );

  test('RT-1 what says nothing of it leaves it, and where nobody keeps the time it stays', () => {
    expect(workMark(at(5), BUSY, at(9))).toEqual(at(5));
    expect(workMark(undefined, BUSY, at(9))).toBeUndefined();
    expect(workMark(at(5), SILENT, undefined)).toEqual(at(5));
  });
});

describe('RT-2 when a 409 says no longer that it is', () => {
  test('RT-2 once the upstream was up for ten minutes since', () => {
    const failure = answered409(false);
    expect(AT_WORK_MS).toBe(600_000);
    expect(isAtWorkTooLong(at(5), failure, at(600_004))).toBe(false);
    expect(isAtWorkTooLong(at(5), failure, at(600_005))).toBe(true);
    expect(isAtWorkTooLong(at(5), failure, at(900_000, 'other'))).toBe(false);
    expect(isAtWorkTooLong(undefined, failure, at(900_000))).toBe(false);
    expect(isAtWorkTooLong(at(5), failure, undefined)).toBe(false);
  });

  test('RT-2 of a request that names a version, and of any other failure, that is not asked', () => {
    for (const failure of [answered409(true), SILENT, BROKEN, BUSY]) {
      expect(isAtWorkTooLong(at(0), failure, at(900_000))).toBe(false);
    }
  });
});
