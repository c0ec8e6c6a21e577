import { describe, expect, test } from 'vitest';
import {
  AttemptFailure,
  classifyStatus,
  conflictFailure,
  failureOf,
  mayBeApplied,
  networkFailureOf,
  permanentFailure,
  transientFailure,
  unknownOutcome,
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
    // Of an edit it is looked up what the upstream holds.
    expect(classifyStatus(409, { afterUnknownOutcome: true, isEdit: true })).toBe('conflict');
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
    ['EAI_FAIL', 'notSent'],
    ['EHOSTUNREACH', 'notSent'],
    ['EHOSTDOWN', 'notSent'],
    ['ENETUNREACH', 'notSent'],
    ['ENETDOWN', 'notSent'],
    ['EADDRNOTAVAIL', 'notSent'],
    ['EMFILE', 'notSent'],
    ['ENFILE', 'notSent'],
    ['UND_ERR_CONNECT_TIMEOUT', 'notSent'],
    ['CERT_HAS_EXPIRED', 'notSent'],
    ['CERT_NOT_YET_VALID', 'notSent'],
    ['CERT_REVOKED', 'notSent'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'notSent'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'notSent'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'notSent'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'notSent'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'notSent'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'notSent'],
    ['ECONNRESET', 'maybeSent'],
    ['ECONNABORTED', 'maybeSent'],
    ['EPIPE', 'maybeSent'],
    ['ENETRESET', 'maybeSent'],
    ['EPROTO', 'maybeSent'],
    ['UND_ERR_SOCKET', 'maybeSent'],
    ['UND_ERR_CLOSED', 'maybeSent'],
    ['UND_ERR_DESTROYED', 'maybeSent'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'maybeSent'],
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
    expect(networkFailureOf(systemError('ETIMEDOUT', { syscall: 'getaddrinfo' }))).toBe('notSent');
    expect(networkFailureOf(systemError('ETIMEDOUT', { syscall: 'read' }))).toBe('timedOut');
  });

  test('RT-2 several addresses sent nothing only if each of them sent nothing', () => {
    const refused = systemError('ECONNREFUSED');
    const reset = systemError('ECONNRESET');
    expect(networkFailureOf(new AggregateError([refused, refused]))).toBe('notSent');
    expect(networkFailureOf(new AggregateError([refused, reset]))).toBe('maybeSent');
    expect(networkFailureOf(new AggregateError([refused, new Error('else')]))).toBe('maybeSent');
  });

  test('RT-2 a list of errors that tells nothing leaves it to the code and the cause', () => {
    expect(networkFailureOf(new AggregateError([]))).toBeNull();
    expect(networkFailureOf(new AggregateError([new Error('else'), 'text']))).toBeNull();
    const reset = Object.assign(new AggregateError([]), { code: 'ECONNRESET' });
    expect(networkFailureOf(reset)).toBe('maybeSent');
  });

  test('RT-2 an error named TimeoutError has timed out, also as a cause; another name says nothing', () => {
    const late = new DOMException('late', 'TimeoutError');
    expect(networkFailureOf(late)).toBe('timedOut');
    expect(networkFailureOf(new Error('fetch failed', { cause: late }))).toBe('timedOut');
    expect(networkFailureOf(new DOMException('cut', 'AbortError'))).toBeNull();
  });

  test('RT-2 a code that is no text, or unknown, says nothing', () => {
    expect(networkFailureOf(Object.assign(new Error('x'), { code: 20 }))).toBeNull();
    expect(networkFailureOf(systemError('ERR_UNHEARD_OF', { syscall: 7 }))).toBeNull();
  });

  test('RT-2 causes are followed eight deep, and no further', () => {
    let error = systemError('ECONNREFUSED');
    for (let depth = 0; depth < 8; depth += 1) error = new Error('wrapped', { cause: error });
    expect(networkFailureOf(error)).toBe('notSent');
    expect(networkFailureOf(new Error('wrapped', { cause: error }))).toBeNull();
  });

  test('RT-2 the text of a message decides nothing', () => {
    expect(networkFailureOf(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBeNull();
  });

  test('RT-2 a loop of causes ends', () => {
    const error = new Error('loop');
    error.cause = error;
    expect(networkFailureOf(error)).toBeNull();
    const list = new AggregateError([]);
    list.errors.push(list);
    expect(networkFailureOf(list)).toBeNull();
  });
});

describe('what a handler throws', () => {
  test.each([
    [transientFailure('busy'), 'transient', 'HF_ATTEMPT_FAILED', 'later'],
    [permanentFailure('no'), 'permanent', 'HF_UPSTREAM_REFUSED', 'never'],
    [conflictFailure('newer'), 'conflict', 'HF_CONFLICT', 'never'],
    [unknownOutcome('silence'), 'unknownOutcome', 'HF_OUTCOME_UNKNOWN', 'later'],
  ] as const)(
    'RT-2 UX-2 %s says its class, code and advice',
    (failure, failureClass, code, retry) => {
      expect(failure).toMatchObject({ failureClass, code, retry });
      expect(failure).toMatchObject({ notApplied: false, isException: false });
    },
  );

  test('RT-2 UX-2 a code and an advice of its own go before those of its class', () => {
    const options = { code: 'HF_RESPONSE_TOO_LARGE', retry: 'never' } as const;
    for (const make of [transientFailure, permanentFailure, conflictFailure, unknownOutcome]) {
      expect(make('other', options)).toMatchObject(options);
    }
  });

  test('RT-2 a failure costs no stack, unless it is asked for', () => {
    expect(transientFailure('busy').stack).not.toContain('classifyFailure.test');
    expect(transientFailure('busy', { withStack: true }).stack).toContain('classifyFailure.test');
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
    expect(failureOf({ ...foreign, failureClass: 'transient' }).failureClass).toBe('transient');
    // One of a later version, whose class this one doesn't know, is judged by its code and advice.
    const later = { ...foreign, failureClass: 'postponed', retry: 'later' };
    expect(failureOf(later).failureClass).toBe('transient');
    expect(failureOf({ ...later, code: 'HF_CONFLICT' }).failureClass).toBe('conflict');
  });

  test.each([
    ['text', '503', undefined],
    ['not a number', Number.NaN, undefined],
    ['without end', Number.POSITIVE_INFINITY, undefined],
    ['below zero', -1, undefined],
    ['zero', 0, 0],
    ['a number', 503, 503],
  ])('RT-2 a status or wait that is %s is taken only if it can be one', (_what, said, taken) => {
    const failure = failureOf(
      Object.assign(transientFailure('x'), { status: said, retryAfterMs: said }),
    );
    expect([failure.status, failure.retryAfterMs]).toEqual([taken, taken]);
  });

  test('RT-1 only a transient failure can say that nothing was applied', () => {
    const options = { status: 503, notApplied: true };
    expect(failureOf(transientFailure('busy', options))).toMatchObject(options);
    expect(failureOf(unknownOutcome('silence', options))).not.toHaveProperty('notApplied');
    expect(failureOf(transientFailure('busy'))).not.toHaveProperty('notApplied');
  });

  test('UX-3 an exception of the app is named, any other failure is not', () => {
    const cause = new RangeError('payload {"name":"Ann"}');
    const failure = failureOf(transientFailure('It threw.', { isException: true, cause }));
    expect(failure.exception).toBe('RangeError');
    expect(failureOf(transientFailure('busy', { cause }))).not.toHaveProperty('exception');
    expect(failureOf(cause)).toMatchObject({
      exception: 'RangeError',
      message: 'The handler failed with RangeError.',
    });
  });

  test.each([
    ['ECONNREFUSED', 'transient', 'HF_UPSTREAM_UNREACHABLE', /could not be reached; nothing/, true],
    ['ECONNRESET', 'unknownOutcome', 'HF_OUTCOME_UNKNOWN', /connection was lost/, undefined],
    ['ETIMEDOUT', 'unknownOutcome', 'HF_ATTEMPT_TIMED_OUT', /No answer came in time/, undefined],
  ])(
    'RT-2 RT-1 a request that failed with %s is %s, %s',
    (code, failureClass, failureCode, message, notApplied) => {
      expect(failureOf(systemError(code))).toEqual({
        failureClass,
        code: failureCode,
        message: expect.stringMatching(message),
        ...(notApplied === undefined ? {} : { notApplied }),
      });
    },
  );

  test('RT-2 409 of a handler is transient after an unknown outcome, a conflict without a status is not', () => {
    const inUse = conflictFailure('in use', { status: 409 });
    expect(failureOf(inUse).failureClass).toBe('conflict');
    expect(failureOf(inUse, { afterUnknownOutcome: true }).failureClass).toBe('transient');
    const told = (namesVersion?: boolean) =>
      failureOf(inUse, { afterUnknownOutcome: true, namesVersion }).conflictIs;
    expect([told(), told(false), told(true)]).toEqual(['unlikely', 'unlikely', 'possible']);
    expect(failureOf(inUse)).not.toHaveProperty('conflictIs');
    const ofEdit = failureOf(inUse, { afterUnknownOutcome: true, isEdit: true });
    expect([ofEdit.failureClass, ofEdit.conflictIs]).toEqual(['conflict', undefined]);
    const merge = conflictFailure('newer version');
    expect(failureOf(merge, { afterUnknownOutcome: true }).failureClass).toBe('conflict');
    expect(failureOf(transientFailure('in use', { status: 409 })).failureClass).toBe('transient');
  });

  test('RT-2 an upstream that ignores the key may have acted before it answered 5xx', () => {
    const ignored = { honoursIdempotencyKey: false };
    const broken = transientFailure('broken', { status: 500 });
    expect(failureOf(broken, ignored)).toMatchObject({
      failureClass: 'unknownOutcome',
      code: 'HF_OUTCOME_UNKNOWN',
      message: 'broken',
      status: 500,
    });
    // What says itself that its outcome is unknown stays as it was said.
    const said = { code: 'HF_ATTEMPT_FAILED' } as const;
    expect(failureOf(unknownOutcome('silence', said), ignored)).toMatchObject(said);
    const stalled = transientFailure('stalled', { status: 500, code: 'HF_STORE_STALLED' });
    expect(failureOf(stalled, ignored).code).toBe('HF_STORE_STALLED');
    for (const context of [{}, { honoursIdempotencyKey: true }]) {
      expect(failureOf(broken, context)).toMatchObject({ failureClass: 'transient', status: 500 });
    }
    for (const options of [{}, { status: 429 }, { status: 503, notApplied: true }]) {
      expect(failureOf(transientFailure('busy', options), ignored).failureClass).toBe('transient');
    }
    expect(failureOf(permanentFailure('no', { status: 501 }), ignored).failureClass).toBe(
      'permanent',
    );
  });

  test('RT-2 what ended an attempt from outside leaves the outcome unknown', () => {
    for (const code of ['HF_ATTEMPT_TIMED_OUT', 'HF_CANCELLED', 'HF_CLOSED'] as const) {
      expect(failureOf(new HoldfastError(code, 'ended')).failureClass).toBe('unknownOutcome');
    }
    expect(failureOf(new DOMException('t', 'TimeoutError')).failureClass).toBe('unknownOutcome');
    expect(failureOf(new DOMException('a', 'AbortError'))).toEqual({
      failureClass: 'unknownOutcome',
      code: 'HF_OUTCOME_UNKNOWN',
      message: 'The attempt was aborted.',
    });
    expect(failureOf(new HoldfastError('HF_OUTCOME_UNKNOWN', 'x')).failureClass).toBe(
      'unknownOutcome',
    );
    expect(failureOf(new HoldfastError('HF_CONFLICT', 'x')).failureClass).toBe('conflict');
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

describe('mayBeApplied', () => {
  test('RT-2 no answer, or one of trouble, leaves open whether the upstream acted', () => {
    const applied = (error: unknown) => mayBeApplied(failureOf(error));
    expect(applied(unknownOutcome('silence'))).toBe(true);
    expect(applied(unknownOutcome('silence', { status: 200 }))).toBe(true);
    expect(applied(transientFailure('broken', { status: 500 }))).toBe(true);
    expect(applied(transientFailure('busy', { status: 499 }))).toBe(false);
    expect(applied(transientFailure('busy'))).toBe(false);
    expect(applied(transientFailure('busy', { status: 503, notApplied: true }))).toBe(false);
    expect(applied(permanentFailure('no', { status: 501 }))).toBe(false);
    expect(applied(conflictFailure('newer', { status: 500 }))).toBe(false);
  });
});
