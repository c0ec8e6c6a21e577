import { describe, expect, test } from 'vitest';
import {
  AttemptFailure,
  classifyStatus,
  conflictFailure,
  failureOf,
  networkFailureOf,
  permanentFailure,
  transientFailure,
  unknownOutcome,
  upstreamOutcomeOf,
} from '../../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';

describe('classifyStatus', () => {
  test.each([
    [301, 'permanent'],
    [304, 'permanent'],
    [400, 'permanent'],
    [401, 'permanent'],
    [403, 'permanent'],
    [404, 'permanent'],
    [408, 'transient'],
    [409, 'conflict'],
    [410, 'permanent'],
    [412, 'conflict'],
    [413, 'permanent'],
    [422, 'permanent'],
    [425, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [501, 'transient'],
    [503, 'transient'],
    [599, 'transient'],
  ])('RT-2 status %i is %s', (status, failureClass) => {
    expect(classifyStatus(status)).toBe(failureClass);
  });

  test('RT-2 409 after an unknown outcome is transient, 412 stays a conflict', () => {
    expect(classifyStatus(409, { afterUnknownOutcome: true })).toBe('transient');
    expect(classifyStatus(412, { afterUnknownOutcome: true })).toBe('conflict');
  });
});

/** An error as undici or a socket makes it. */
function systemError(code: string, more: object = {}): Error {
  return Object.assign(new Error('text that must not matter: 401 ECONNREFUSED'), { code, ...more });
}

describe('networkFailureOf', () => {
  test.each([
    ['ECONNREFUSED', 'notSent'],
    ['ENOTFOUND', 'notSent'],
    ['EAI_AGAIN', 'notSent'],
    ['EHOSTUNREACH', 'notSent'],
    ['UND_ERR_CONNECT_TIMEOUT', 'notSent'],
    ['CERT_HAS_EXPIRED', 'notSent'],
    ['ECONNRESET', 'maybeSent'],
    ['EPIPE', 'maybeSent'],
    ['UND_ERR_SOCKET', 'maybeSent'],
    ['ETIMEDOUT', 'timedOut'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timedOut'],
    ['UND_ERR_BODY_TIMEOUT', 'timedOut'],
  ])('RT-2 code %s is %s', (code, expected) => {
    const fetchFailed = new TypeError('fetch failed', { cause: systemError(code) });
    expect(networkFailureOf(fetchFailed)).toBe(expected);
  });

  test('RT-2 a reset or time-out while still connecting sent nothing', () => {
    expect(networkFailureOf(systemError('ECONNRESET', { syscall: 'connect' }))).toBe('notSent');
    expect(networkFailureOf(systemError('ETIMEDOUT', { syscall: 'connect' }))).toBe('notSent');
  });

  test('RT-2 several addresses sent nothing only if each of them sent nothing', () => {
    const refused = systemError('ECONNREFUSED');
    const reset = systemError('ECONNRESET');
    expect(networkFailureOf(new AggregateError([refused, refused]))).toBe('notSent');
    expect(networkFailureOf(new AggregateError([refused, reset]))).toBe('maybeSent');
  });

  test('RT-2 the text of a message decides nothing', () => {
    expect(networkFailureOf(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBeNull();
  });

  test('RT-2 a loop of causes ends', () => {
    const error = new Error('loop');
    error.cause = error;
    expect(networkFailureOf(error)).toBeNull();
  });
});

describe('failureOf', () => {
  test('RT-2 a handler classifies its own failure', () => {
    const options = { status: 503, retryAfterMs: 2_000 };
    expect(failureOf(transientFailure('busy', options))).toEqual({
      failureClass: 'transient',
      code: 'HF_ATTEMPT_FAILED',
      message: 'busy',
      ...options,
    });
    expect(failureOf(permanentFailure('no')).failureClass).toBe('permanent');
    expect(failureOf(conflictFailure('newer')).failureClass).toBe('conflict');
    expect(failureOf(unknownOutcome('silence')).failureClass).toBe('unknownOutcome');
  });

  test('RT-2 a failure made by another copy of the package is recognised', () => {
    const foreign = {
      [Symbol.for('holdfast.error')]: true,
      code: 'HF_UPSTREAM_REFUSED',
      message: 'no',
      retry: 'never',
      failureClass: 'permanent',
      status: 422,
    };
    expect(foreign).not.toBeInstanceOf(AttemptFailure);
    expect(failureOf(foreign)).toMatchObject({ failureClass: 'permanent', status: 422 });
  });

  test('RT-2 409 of a handler is transient after an unknown outcome, a conflict without a status is not', () => {
    const inUse = conflictFailure('in use', { status: 409 });
    expect(failureOf(inUse).failureClass).toBe('conflict');
    expect(failureOf(inUse, { afterUnknownOutcome: true }).failureClass).toBe('transient');
    const merge = conflictFailure('newer version');
    expect(failureOf(merge, { afterUnknownOutcome: true }).failureClass).toBe('conflict');
  });

  test('RT-2 what ended an attempt from outside leaves the outcome unknown', () => {
    for (const code of ['HF_ATTEMPT_TIMED_OUT', 'HF_CANCELLED', 'HF_CLOSED'] as const) {
      expect(failureOf(new HoldfastError(code, 'ended')).failureClass).toBe('unknownOutcome');
    }
    expect(failureOf(new DOMException('t', 'TimeoutError')).failureClass).toBe('unknownOutcome');
    expect(failureOf(new DOMException('a', 'AbortError')).failureClass).toBe('unknownOutcome');
  });

  test('RT-2 other errors of holdfast follow their advice', () => {
    const later = new HoldfastError('HF_STORE_STALLED', 'wait', { retry: 'later' });
    expect(failureOf(later).failureClass).toBe('transient');
    expect(failureOf(new HoldfastError('HF_REQUEST_INVALID', 'bad')).failureClass).toBe(
      'permanent',
    );
  });

  test.each([
    ['a defect of the handler', new TypeError('x is undefined, payload {"name":"Ann"}')],
    ['a string', 'payload {"name":"Ann"}'],
    ['nothing', undefined],
    ['null', null],
    ['an error with a hostile name', Object.assign(new Error('x'), { name: 'Ann is ill' })],
  ])('RT-2 SE-5 %s is transient and its text is withheld', (_what, thrown) => {
    const failure = failureOf(thrown);
    expect(failure).toMatchObject({ failureClass: 'transient', code: 'HF_ATTEMPT_FAILED' });
    expect(failure.message).not.toContain('Ann');
  });
});

describe('upstreamOutcomeOf', () => {
  test('CB-1 refusals and conflicts show a healthy upstream, cut off work shows nothing', () => {
    const outcome = (error: unknown) => upstreamOutcomeOf(failureOf(error));
    expect(outcome(transientFailure('busy', { status: 503 }))).toBe('failure');
    expect(outcome(new HoldfastError('HF_ATTEMPT_TIMED_OUT', 'late'))).toBe('failure');
    expect(outcome(permanentFailure('no', { status: 422 }))).toBe('success');
    expect(outcome(conflictFailure('newer', { status: 409 }))).toBe('success');
    expect(outcome(new HoldfastError('HF_CANCELLED', 'cancelled'))).toBe('ignored');
    expect(outcome(new HoldfastError('HF_REQUEST_INVALID', 'bad path'))).toBe('ignored');
  });
});
