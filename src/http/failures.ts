/**
 * The meaning of a failed or missing HTTP answer for an attempt (RT-2).
 *
 * @module
 */

import type { AttemptEnd } from '../../actors/port.ts';
import {
  AttemptFailure,
  classifyStatus,
  type FailureClass,
  networkFailureOf,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import { parseHttpDate, parseRetryAfter } from '../../machines/policy/retry/retryPolicy.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { EditCondition } from '../../machines/vocabulary/record.ts';
import type { Answer } from './answer.ts';

/** Waits for `work` no longer than until the end of its attempt. */
export async function abortable<T>(work: Promise<T>, end: AttemptEnd): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(cutOff(end, 'transient'));
    };
    end.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => {
      end.removeEventListener('abort', abort);
    });
  });
}

const CODE_OF_CLASS: Readonly<Record<FailureClass, ErrorCode>> = {
  transient: 'HF_ATTEMPT_FAILED',
  permanent: 'HF_UPSTREAM_REFUSED',
  conflict: 'HF_CONFLICT',
  unknownOutcome: 'HF_OUTCOME_UNKNOWN',
};

/** The request that an answer is read for. */
export interface Asked {
  /** Whether the upstream surely changed nothing. */
  readonly notApplied: boolean;
  /** The version that the upstream was to hold, for an edit. */
  readonly condition?: EditCondition | undefined;
  /** The `If-Match` that went out. */
  readonly ifMatch?: string | null | undefined;
  readonly clock: Clock;
}

/** The failure that an answer other than 2xx stands for. */
export function refusalOf(response: Answer, asked: Asked): AttemptFailure {
  const { status, headers } = response;
  const { notApplied } = asked;
  const failureClass = isChanged(status, asked.condition) ? 'conflict' : classifyStatus(status);
  const hint = failureClass === 'conflict' ? conflictHint(status, asked) : hintOf(status);
  return new AttemptFailure(failureClass, `The upstream answered ${status}.${hint}`, {
    code: CODE_OF_CLASS[failureClass],
    status,
    retryAfterMs: retryAfterOf(headers, asked.clock),
    // Too many requests came, and this one was not processed (RFC 6585 §4).
    notApplied: notApplied || status === 429,
  });
}

/**
 * Whether an answer says that the record is not what an edit was made on, though it is none of the statuses for
 * that: it is gone, or (304, of some servers to `If-None-Match: *`) it is there.
 */
function isChanged(status: number, condition: EditCondition | undefined): boolean {
  if (condition === undefined) return false;
  return 'version' in condition ? status === 404 || status === 410 : status === 304;
}

function conflictHint(status: number, { ifMatch }: Asked): string {
  if (status !== 412 || ifMatch?.startsWith('W/') !== true) return '';
  return (
    ' The entity tag that went out is weak (W/), and one that is weak never matches by RFC 9110:' +
    ' have the upstream send strong ones, or compare weak ones as FHIR servers do.'
  );
}

function hintOf(status: number): string {
  if (status < 400) return ' Redirects are not followed.';
  if (status !== 428) return '';
  return (
    ' It takes no change without a condition: give the handler conflicts,' +
    ' or requests the version they were made on as base, with ifMatchBase: true.'
  );
}

/** `Retry-After`, a date in it measured by the upstream's own clock where it tells the time. */
function retryAfterOf(headers: Answer['headers'], clock: Clock): number | undefined {
  const localNowMs = clock.now();
  const nowMs = parseHttpDate(headers.get('date') ?? '', localNowMs) ?? localNowMs;
  return parseRetryAfter(headers.get('retry-after'), nowMs);
}

/** The failure of a request that was sent, at least in part, and got no whole answer. */
export function noAnswer(error: unknown, end: AttemptEnd, isSafe: boolean): Error {
  if (end.aborted) return cutOff(end, isSafe ? 'transient' : 'unknownOutcome');
  const failure = networkFailureOf(error);
  if (failure === 'notSent') {
    return transientFailure('The upstream could not be reached; nothing was sent.', {
      code: 'HF_UPSTREAM_UNREACHABLE',
      notApplied: true,
      cause: error,
    });
  }
  const options = {
    code: failure === 'timedOut' ? 'HF_ATTEMPT_TIMED_OUT' : 'HF_OUTCOME_UNKNOWN',
    cause: error,
  } as const;
  const message = 'The connection was lost before the answer was complete.';
  return isSafe
    ? transientFailure(message, { ...options, notApplied: true })
    : unknownOutcome(message, options);
}

/** The failure of an attempt that was ended, with the code that the reason of the end gives. */
export function cutOff(
  end: AttemptEnd,
  failureClass: 'transient' | 'unknownOutcome',
): AttemptFailure {
  const reason: unknown = end.reason;
  const code = isHoldfastError(reason) ? reason.code : 'HF_ATTEMPT_TIMED_OUT';
  const when = failureClass === 'transient' ? 'before anything was changed' : 'while it waited';
  return new AttemptFailure(failureClass, `The attempt was ended ${when}.`, { code });
}
