import { describe, expect, test } from 'vitest';
import {
  callReportOf,
  conflictFailure,
  failureOf,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';

const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const reset = Object.assign(new Error('read'), { code: 'ECONNRESET' });
const late = new HoldfastError('HF_ATTEMPT_TIMED_OUT', 'late');

describe('callReportOf', () => {
  test.each([
    ['422', permanentFailure('no', { status: 422 }), 'answered'],
    ['409', conflictFailure('newer', { status: 409 }), 'answered'],
    ['409 while the key is in use', transientFailure('in use', { status: 409 }), 'answered'],
    ['425', transientFailure('too early', { status: 425 }), 'answered'],
    ['408', transientFailure('slow', { status: 408 }), 'failed'],
    ['500', transientFailure('broken', { status: 500 }), 'failed'],
    ['501', permanentFailure('no', { status: 501 }), 'failed'],
    ['504', unknownOutcome('gone', { status: 504 }), 'failed'],
    ['a 200 that is not its word', unknownOutcome('a web page', { status: 200 }), 'failed'],
    ['503', transientFailure('busy', { status: 503 }), 'busy'],
    ['429', transientFailure('many', { status: 429 }), 'pushedBack'],
    ['a time-out', late, 'timedOut'],
    ['the client saw a time-out', new DOMException('t', 'TimeoutError'), 'timedOut'],
    ['nothing was sent', refused, 'unreachable'],
    ['a lost connection', reset, 'failed'],
    ['a handler that says so', transientFailure('down'), 'failed'],
    ['a handler that says nothing was done', transientFailure('b', { notApplied: true }), 'busy'],
    ['no answer of a handler', unknownOutcome('silence'), 'failed'],
  ] as const)('CB-1 %s', (_, error, sign) => {
    expect(callReportOf(failureOf(error), false)).toEqual({ sign });
  });

  test.each([
    ['a cancel', new HoldfastError('HF_CANCELLED', 'cancelled')],
    ['a stop', new HoldfastError('HF_CLOSED', 'closed')],
    ['what was refused here', new HoldfastError('HF_REQUEST_INVALID', 'bad path')],
    ['a merge by hand', conflictFailure('newer')],
    ['a defect of the handler', new TypeError('x is undefined')],
    ['an error of its own', new Error('no')],
    [
      'a defect in what a handler calls',
      transientFailure('headers', { cause: new RangeError(), isException: true }),
    ],
  ])('CB-1 OP-3 %s says nothing of the upstream', (_, error) => {
    expect(callReportOf(failureOf(error), false)).toEqual({ sign: 'silent' });
  });

  test('CB-1 OP-3 the end of its own time says nothing, its time-out does', () => {
    expect(callReportOf(failureOf(late), true)).toEqual({ sign: 'silent' });
    expect(callReportOf(failureOf(late), false)).toEqual({ sign: 'timedOut' });
  });

  test('CB-1 what the upstream asks for is passed on', () => {
    for (const status of [429, 503]) {
      const failure = failureOf(transientFailure('later', { status, retryAfterMs: 7_000 }));
      expect(callReportOf(failure, false)).toMatchObject({ retryAfterMs: 7_000 });
    }
  });
});
