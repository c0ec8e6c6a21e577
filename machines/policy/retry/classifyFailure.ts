/**
 * What a failed attempt means for what comes next (RT-2).
 *
 * Programs decide by status and code, never by the text of a message: texts change, and one that
 * happens to contain "401" must not drop anybody's work.
 *
 * @module
 */

import {
  className,
  type ErrorCode,
  HoldfastError,
  type HoldfastErrorOptions,
  isHoldfastError,
} from '../../vocabulary/errors.ts';
import { type CallReport, type CallSign, SILENT } from '../flow/callReport.ts';

/**
 * - `transient`: the same attempt may succeed later.
 * - `permanent`: the same attempt will fail again; a person has to look.
 * - `conflict`: the upstream holds a newer version.
 * - `unknownOutcome`: the request went out and no answer came back; the upstream may have acted.
 */
export const FAILURE_CLASSES = ['transient', 'permanent', 'conflict', 'unknownOutcome'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** What is known about a failed attempt. */
export interface Failure {
  readonly failureClass: FailureClass;
  readonly code: ErrorCode;
  /** Safe to store and show: holds no payload. */
  readonly message: string;
  /** The HTTP status, where there was one. */
  readonly status?: number | undefined;
  /** How long the upstream asked to be left alone. */
  readonly retryAfterMs?: number | undefined;
  /** True where the upstream surely changed nothing, and not for what the request says. */
  readonly notApplied?: boolean | undefined;
  /**
   * Of a 409 after an attempt that may have been applied, and so taken to be at work still: whether it may be a
   * conflict all the same. `possible`: the request names the version that it was made on; else `unlikely`.
   */
  readonly conflictIs?: 'unlikely' | 'possible' | undefined;
  /** The class of the app's own exception, and where it came from; absent for any other failure. */
  readonly exception?: string | undefined;
}

export interface AttemptFailureOptions extends HoldfastErrorOptions {
  /** Default `HF_ATTEMPT_FAILED`. */
  readonly code?: ErrorCode | undefined;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /**
   * Of a transient failure: the upstream surely changed nothing, and not for what the request says;
   * it was not reached, or has no time for anybody. A 5xx then leaves no doubt whether the attempt
   * was applied, and the failure spends no attempt, unless it comes twice in a row while the upstream
   * serves others (RT-1). Default false.
   */
  readonly notApplied?: boolean | undefined;
  /** True: `cause` is an exception of the app's own code, which goes to `onError`. Default false. */
  readonly isException?: boolean | undefined;
}

/**
 * What a handler throws to classify its own failure. The message is stored with the operation and
 * shown to people: it must not hold a payload or a secret.
 */
export class AttemptFailure extends HoldfastError {
  readonly failureClass: FailureClass;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly notApplied: boolean;
  readonly isException: boolean;

  constructor(failureClass: FailureClass, message: string, options: AttemptFailureOptions = {}) {
    // Failed attempts are everyday work, and a stack costs more than the rest of the bookkeeping.
    super(options.code ?? 'HF_ATTEMPT_FAILED', message, {
      retry: failureClass === 'transient' || failureClass === 'unknownOutcome' ? 'later' : 'never',
      withStack: false,
      ...options,
    });
    this.failureClass = failureClass;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.notApplied = options.notApplied === true;
    this.isException = options.isException === true;
  }
}

/**
 * The attempt may succeed later, and nothing was changed at the upstream.
 *
 * @example
 * const busy = transientFailure('The bank is busy.', { notApplied: true, retryAfterMs: 5_000 });
 */
export function transientFailure(
  message: string,
  options: AttemptFailureOptions = {},
): AttemptFailure {
  return new AttemptFailure('transient', message, options);
}

/**
 * The attempt will fail again: the operation goes to the dead letters.
 *
 * @example
 * const wrong = permanentFailure('There is no such account.', { status: 404 });
 */
export function permanentFailure(
  message: string,
  options: AttemptFailureOptions = {},
): AttemptFailure {
  return new AttemptFailure('permanent', message, { code: 'HF_UPSTREAM_REFUSED', ...options });
}

/**
 * The upstream holds a newer version of the entity.
 *
 * @example
 * const newer = conflictFailure('The record has another version.');
 */
export function conflictFailure(
  message: string,
  options: AttemptFailureOptions = {},
): AttemptFailure {
  return new AttemptFailure('conflict', message, { code: 'HF_CONFLICT', ...options });
}

/**
 * The upstream may or may not have acted.
 *
 * @example
 * const inDoubt = unknownOutcome('The line broke after the request.', { cause: new Error('ECONNRESET') });
 */
export function unknownOutcome(
  message: string,
  options: AttemptFailureOptions = {},
): AttemptFailure {
  return new AttemptFailure('unknownOutcome', message, { code: 'HF_OUTCOME_UNKNOWN', ...options });
}

/** What happened to the operation before, where it changes what a failure means. */
export interface FailureContext {
  /** An earlier attempt of the same operation ended with its outcome unknown. */
  readonly afterUnknownOutcome?: boolean | undefined;
  /** The request names the version of what it changes (`base`). */
  readonly namesVersion?: boolean | undefined;
  /** True for an edit of a merged record: what the upstream holds is read, whatever became of it before. */
  readonly isEdit?: boolean | undefined;
  /** Whether the upstream does nothing twice under one idempotency key. Default true. */
  readonly honoursIdempotencyKey?: boolean | undefined;
}

/**
 * The class of an HTTP answer that is not a success.
 *
 * 409 after an attempt of unknown outcome is transient, but for an edit: the upstream still works on that attempt
 * and holds its idempotency key. A redirect is permanent, because redirects are not followed.
 */
export function classifyStatus(status: number, context: FailureContext = {}): FailureClass {
  if (status === 409) {
    const isAtWork = context.afterUnknownOutcome === true && context.isEdit !== true;
    return isAtWork ? 'transient' : 'conflict';
  }
  if (status === 412) return 'conflict';
  if (status === 408 || status === 425 || status === 429) return 'transient';
  return status >= 500 ? 'transient' : 'permanent';
}

/** Whether a request that met this network error can have reached the upstream. */
export type NetworkFailure = 'notSent' | 'maybeSent' | 'timedOut';

/** Errors that come before the first byte of a request can have left. */
const NOT_SENT_CODES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'UND_ERR_CONNECT_TIMEOUT',
  // The handshake failed, so there was no channel to send on.
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const MAYBE_SENT_CODES: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENETRESET',
  'EPROTO',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

const TIMED_OUT_CODES: ReadonlySet<unknown> = new Set([
  'ETIMEDOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** System calls that precede any sending. */
const CONNECTING_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);

/** Error causes are followed this deep; nothing real goes deeper, and a loop must end. */
const CAUSE_DEPTH_MAX = 8;

/**
 * Reads what `fetch`, undici or a socket says about a failed request, by codes along the chain of
 * causes; `null` when no code is known. One address among several that may have been reached
 * (an `AggregateError`) makes the whole `maybeSent`.
 */
export function networkFailureOf(error: unknown, depth = 0): NetworkFailure | null {
  if (typeof error !== 'object' || error === null || depth > CAUSE_DEPTH_MAX) return null;
  const { code, syscall, name, cause, errors } = error as {
    readonly code?: unknown;
    readonly syscall?: unknown;
    readonly name?: unknown;
    readonly cause?: unknown;
    readonly errors?: unknown;
  };
  if (CONNECTING_CALLS.has(syscall)) return 'notSent';
  if (Array.isArray(errors) && errors.length > 0) {
    const each = errors.map((one: unknown) => networkFailureOf(one, depth + 1));
    if (each.every((one) => one === 'notSent')) return 'notSent';
    if (each.some((one) => one !== null)) return 'maybeSent';
  }
  if (NOT_SENT_CODES.has(code)) return 'notSent';
  if (MAYBE_SENT_CODES.has(code)) return 'maybeSent';
  if (TIMED_OUT_CODES.has(code)) return 'timedOut';
  if (name === 'TimeoutError') return 'timedOut';
  return networkFailureOf(cause, depth + 1);
}

const FAILURE_OF_NETWORK: Readonly<Record<NetworkFailure, Failure>> = {
  notSent: {
    failureClass: 'transient',
    code: 'HF_UPSTREAM_UNREACHABLE',
    message: 'The upstream could not be reached; nothing was sent.',
    notApplied: true,
  },
  maybeSent: {
    failureClass: 'unknownOutcome',
    code: 'HF_OUTCOME_UNKNOWN',
    message: 'The connection was lost before an answer came.',
  },
  timedOut: {
    failureClass: 'unknownOutcome',
    code: 'HF_ATTEMPT_TIMED_OUT',
    message: 'No answer came in time.',
  },
};

const CLASS_OF_CODE: Partial<Record<ErrorCode, FailureClass>> = {
  // An attempt cut short: nobody can know how far it had come.
  HF_ATTEMPT_TIMED_OUT: 'unknownOutcome',
  HF_CANCELLED: 'unknownOutcome',
  HF_CLOSED: 'unknownOutcome',
  HF_OUTCOME_UNKNOWN: 'unknownOutcome',
  HF_CONFLICT: 'conflict',
};

function isFailureClass(value: unknown): value is FailureClass {
  return FAILURE_CLASSES.some((one) => one === value);
}

function wholeOrUndefined(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/**
 * Classifies anything that a handler threw.
 *
 * - An {@link AttemptFailure}, also of another copy of the package, says it itself.
 * - A network error is transient when nothing can have been sent, else of unknown outcome.
 * - What an abort throws is of unknown outcome: work was cut off at a point nobody knows.
 * - Another `HoldfastError` is permanent unless it advises to try again.
 * - Anything else, a `TypeError` of a faulty handler too, is transient. The attempts are limited,
 *   so a defect ends in the dead letters, and an upgrade of the handler in between saves the work.
 *   Its message is withheld, for it may hold anything.
 */
export function failureOf(error: unknown, context: FailureContext = {}): Failure {
  if (isHoldfastError(error)) {
    const { code, message, retry } = error;
    const said = error as Partial<Record<keyof AttemptFailure, unknown>>;
    const status = wholeOrUndefined(said.status);
    const retryAfterMs = wholeOrUndefined(said.retryAfterMs);
    const failureClass = isFailureClass(said.failureClass)
      ? said.failureClass
      : (CLASS_OF_CODE[code] ?? (retry === 'never' ? 'permanent' : 'transient'));
    const notApplied = failureClass === 'transient' && said.notApplied === true;
    const failure = {
      ...{ failureClass, code, message, status, retryAfterMs },
      ...(notApplied ? { notApplied } : {}),
      ...(said.isException === true ? { exception: className(error.cause) } : {}),
    };
    return inContext(failure, context);
  }
  const network = networkFailureOf(error);
  if (network !== null) return FAILURE_OF_NETWORK[network];
  const name = className(error);
  if (name === 'AbortError') {
    return {
      failureClass: 'unknownOutcome',
      code: 'HF_OUTCOME_UNKNOWN',
      message: 'The attempt was aborted.',
    };
  }
  return {
    failureClass: 'transient',
    code: 'HF_ATTEMPT_FAILED',
    message: `The handler failed with ${name}.`,
    exception: name,
  };
}

/** What the failure is, given what is known of the upstream and of the attempts before. */
function inContext(failure: Failure, context: FailureContext): Failure {
  const { failureClass, status, code } = failure;
  if (failureClass === 'conflict' && status === 409) {
    if (classifyStatus(409, context) === 'conflict') return failure;
    const conflictIs = context.namesVersion === true ? 'possible' : 'unlikely';
    return { ...failure, failureClass: 'transient', conflictIs };
  }
  const isKeyIgnored = context.honoursIdempotencyKey === false;
  if (!isKeyIgnored || failureClass !== 'transient' || !mayBeApplied(failure)) return failure;
  return {
    ...failure,
    failureClass: 'unknownOutcome',
    code: code === 'HF_ATTEMPT_FAILED' ? 'HF_OUTCOME_UNKNOWN' : code,
  };
}

/**
 * Whether the upstream may have acted although the attempt failed: no answer came, or one that tells
 * of trouble (5xx) and leaves open how far the work had come.
 */
export function mayBeApplied({ failureClass, status, notApplied }: Failure): boolean {
  if (failureClass === 'unknownOutcome') return true;
  return failureClass === 'transient' && (status ?? 0) >= 500 && notApplied !== true;
}

export const FUNCTION_GONE: Failure = {
  code: 'HF_FUNCTION_GONE',
  failureClass: 'permanent',
  message:
    'The function that came with it ended with its process, no handler of its type was registered, and it was not to wait for one (afterRestart).',
};

/**
 * The report of a call that failed so.
 *
 * A refusal (422) or a conflict is an answer of a healthy upstream. Work that was cut off from here says
 * nothing: cancelled, stopped, or at the operation's own expiry. Nor does an exception of the app's own
 * code, which would fail at any upstream.
 *
 * @param isOwnExpiry it was the operation's time that was over, not the attempt's time-out
 *
 * @example
 * ```ts
 * callReportOf({ failureClass: 'transient', code: 'HF_ATTEMPT_FAILED', message: 'Not now.', status: 503 }, false);
 * // { sign: 'busy' }
 * ```
 */
export function callReportOf(failure: Failure, isOwnExpiry: boolean): CallReport {
  const sign = isOwnExpiry ? 'silent' : signOf(failure);
  if (sign === 'silent') return SILENT;
  const { retryAfterMs } = failure;
  return retryAfterMs === undefined ? { sign } : { sign, retryAfterMs };
}

function signOf({ code, failureClass, status, notApplied, exception }: Failure): CallSign {
  if (code === 'HF_CANCELLED' || code === 'HF_CLOSED' || exception !== undefined) return 'silent';
  if (code === 'HF_UPSTREAM_UNREACHABLE') return 'unreachable';
  if (code === 'HF_ATTEMPT_TIMED_OUT') return 'timedOut';
  if (status !== undefined) {
    const sign = signOfStatus(status);
    // What came with a 200 and can't be its word, such as the login page of a network, is no answer of it.
    return sign === 'answered' && failureClass === 'unknownOutcome' ? 'failed' : sign;
  }
  // Without a status nobody answered: it was refused here, or its handler says what the trouble is.
  if (failureClass === 'permanent' || failureClass === 'conflict') return 'silent';
  return notApplied === true ? 'busy' : 'failed';
}

function signOfStatus(status: number): CallSign {
  if (status === 429) return 'pushedBack';
  if (status === 503) return 'busy';
  // 408 comes from what stands before an upstream that is too slow to read.
  return status >= 500 || status === 408 ? 'failed' : 'answered';
}
