/**
 * `httpHandler`: sends attempts as HTTP requests and classifies the answers by RT-2.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Run } from '../../actors/port.ts';
import {
  AttemptFailure,
  classifyStatus,
  type FailureClass,
  networkFailureOf,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import { parseHttpDate, parseRetryAfter } from '../../machines/policy/retry/retryAfter.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import { checkFields } from '../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../machines/vocabulary/optionRules.ts';
import { readBodyStart, readJson } from './readJson.ts';
import { checkHeaders, headersOf, moreHeaders, type RequestHeaders } from './requestHeaders.ts';
import { parseBaseUrl, requestUrl } from './requestUrl.ts';
import { answerOf, HEADERS_KEPT, refusalBody } from './upstreamAnswer.ts';

export interface HttpHandlerOptions {
  /** Requests go to `<baseUrl>/<type with dots as slashes>`, or to the path the request names. */
  readonly baseUrl: string | URL;
  /**
   * More headers, such as `Authorization`: as an object, or as a function that is called for every attempt, so
   * that a token can be fresh. Never stored. They can't replace `Idempotency-Key`.
   */
  readonly headers?: RequestHeaders | undefined;
  /**
   * True: where the request's `base` is text, it is the validator of the version that the change was made on,
   * so that an upstream that holds another answers 412 and the operation waits as `conflicted`: an entity tag
   * goes out as `If-Match`, a `Last-Modified` date as `If-Unmodified-Since` (RFC 9110 §13.1). Default false.
   */
  readonly ifMatchBase?: boolean | undefined;
  /**
   * The response headers that are kept with the outcome, sealed, as `outcome.answer.headers`. Default: the
   * validators `etag` and `last-modified`, `location`, `content-location`, `retry-after`, and the ids of the
   * request at the upstream (`request-id`, `x-request-id`, `x-correlation-id`). `[]` for none.
   */
  readonly keepHeaders?: readonly string[] | undefined;
  /** Used in place of the global `fetch`: for client certificates, a proxy, or in tests. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Used when the request names none. Default `POST`. */
  readonly method?: string | undefined;
  /**
   * The 5xx by which the upstream says that it surely changed nothing and that the same request may
   * succeed later; after any other 5xx the attempt may have been applied. Default `[503]`; `[]` for an
   * upstream whose gateway answers 503 to requests that it has passed on.
   */
  readonly notAppliedStatuses?: readonly number[] | undefined;
  /** The largest answer read, in bytes after unpacking. Default 1 MiB. */
  readonly responseBytesMax?: number | undefined;
  /**
   * True: `http://` may go to other machines too, where everybody on the way can read and change what
   * is sent. Default false: `http://` for this machine alone.
   */
  readonly allowInsecure?: boolean | undefined;
}

/** A token of RFC 9110 §5.6.2. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

const KINDS = {
  baseUrl: 'anything',
  headers: 'anything',
  ifMatchBase: 'boolean',
  keepHeaders: {
    each: {
      matches: (name) => typeof name === 'string' && HEADER_NAME.test(name),
      rule: 'must be the name of a header, such as etag',
    },
  },
  fetch: 'function',
  method: 'text',
  notAppliedStatuses: 'array',
  responseBytesMax: 'anything',
  allowInsecure: 'boolean',
} as const satisfies OptionRules<HttpHandlerOptions>;

/** Methods that change nothing, so that an attempt whose outcome is unknown did no harm. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * A handler that sends each attempt as an HTTP request and classifies the answer by RT-2.
 *
 * The payload is the JSON body; `Idempotency-Key` is the same for all attempts, `traceparent` ties
 * them together. Redirects are not followed, because they would carry headers and payload to a
 * place nobody configured. When no answer comes, the attempt counts as not sent only if the error
 * proves it; else its outcome is unknown, and the operation goes on by the rules for that.
 *
 * Status and some headers of the last answer are kept, sealed, as `outcome.answer`, and of a refusal what it
 * says, up to 16 KiB.
 *
 * The type of the response is what you say the upstream answers; nothing looks at it.
 *
 * @example
 * const run = httpHandler<{ receipt: string }>({
 *   baseUrl: 'https://api.example.com/v1',
 *   headers: async () => ({ authorization: `Bearer ${process.env['TOKEN']}` }),
 *   ifMatchBase: true,
 * });
 *
 * @throws HoldfastError `HF_OPTION_INVALID`
 */
export function httpHandler<Response = Json | undefined>(
  options: HttpHandlerOptions,
): Run<unknown, Response> {
  checkFields(options, KINDS, '');
  const base = parseBaseUrl(options.baseUrl, { allowInsecure: options.allowInsecure === true });
  const methodDefault = options.method ?? 'POST';
  const bytesMax = options.responseBytesMax ?? 1_048_576;
  const notAppliedStatuses = checkStatuses(options.notAppliedStatuses ?? [503]);
  checkHeaders(options.headers);
  const namesKept = options.keepHeaders ?? HEADERS_KEPT;
  if (!METHODS.has(methodDefault)) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      `method must be one of ${[...METHODS].join(', ')}.`,
      {
        field: 'method',
      },
    );
  }
  if (!Number.isSafeInteger(bytesMax) || bytesMax < 0) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'responseBytesMax must be a whole number of bytes.',
      {
        field: 'responseBytesMax',
      },
    );
  }

  if (options.fetch === undefined) loadClient();

  return async (attempt) => {
    const method = attempt.method ?? methodDefault;
    if (!METHODS.has(method)) {
      throw permanentFailure(`method must be one of ${[...METHODS].join(', ')}.`, {
        code: 'HF_REQUEST_INVALID',
        field: 'method',
      });
    }
    const url = requestUrl(base, attempt.type, attempt.path);
    const { signal } = attempt;
    if (signal.aborted) throw cutOff(signal, 'transient');
    const more = await abortable(moreHeaders(attempt, options.headers), signal);
    const headers = headersOf(attempt, more, options.ifMatchBase === true);
    const isSafe = SAFE_METHODS.has(method);
    try {
      const response = await (options.fetch ?? fetch)(url, {
        method,
        headers,
        body: isSafe ? null : JSON.stringify(attempt.payload),
        redirect: 'manual',
        signal,
      });
      const notApplied = isSafe || notAppliedStatuses.has(response.status);
      if (!response.ok) {
        const { bytes, isWhole } = await readBodyStart(response, signal);
        attempt.keepAnswer(answerOf(response, namesKept, refusalBody(response, bytes, isWhole)));
        throw refusalOf(response, notApplied);
      }
      attempt.keepAnswer(answerOf(response, namesKept));
      return (await readJson(response, bytesMax)) as Response;
    } catch (error) {
      if (error instanceof AttemptFailure) throw error;
      throw noAnswer(error, signal, isSafe);
    }
  };
}

function checkStatuses(given: readonly number[]): ReadonlySet<number> {
  const isFit =
    Array.isArray(given) &&
    given.every((status: unknown) => Number.isInteger(status) && isServerError(Number(status)));
  if (isFit) return new Set(given);
  throw new HoldfastError(
    'HF_OPTION_INVALID',
    'notAppliedStatuses must be an array of whole numbers from 500 to 599.',
    { field: 'notAppliedStatuses' },
  );
}

function isServerError(status: number): boolean {
  return status >= 500 && status <= 599;
}

/**
 * Has Node load its HTTP client, which it does at the first use: some 30 ms in which the answer to a crisis
 * would wait (CR-1), so not at the first attempt.
 */
function loadClient(): void {
  void new Headers();
}

/** Waits for `work` no longer than the signal allows. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(cutOff(signal, 'transient'));
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

const CODE_OF_CLASS: Readonly<Record<FailureClass, ErrorCode>> = {
  transient: 'HF_ATTEMPT_FAILED',
  permanent: 'HF_UPSTREAM_REFUSED',
  conflict: 'HF_CONFLICT',
  unknownOutcome: 'HF_OUTCOME_UNKNOWN',
};

/** The failure that an answer other than 2xx stands for. */
function refusalOf(response: Response, notApplied: boolean): AttemptFailure {
  const { status, headers } = response;
  const failureClass = classifyStatus(status);
  const hint = status < 400 ? ' Redirects are not followed.' : '';
  return new AttemptFailure(failureClass, `The upstream answered ${status}.${hint}`, {
    code: CODE_OF_CLASS[failureClass],
    status,
    retryAfterMs: retryAfterOf(headers),
    // Too many came; whatever this one is, it was not looked at (RFC 6585 §4).
    notApplied: notApplied || status === 429,
  });
}

/** `Retry-After`, a date in it measured by the upstream's own clock where it tells the time. */
function retryAfterOf(headers: Headers): number | undefined {
  const localNowMs = systemClock.now();
  const nowMs = parseHttpDate(headers.get('date') ?? '', localNowMs) ?? localNowMs;
  return parseRetryAfter(headers.get('retry-after'), nowMs);
}

/** The failure of a request that was begun and got no whole answer. */
function noAnswer(error: unknown, signal: AbortSignal, isSafe: boolean): Error {
  if (signal.aborted) return cutOff(signal, isSafe ? 'transient' : 'unknownOutcome');
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

/** The failure of an attempt that its signal ended, with the code that the signal's reason gives. */
function cutOff(signal: AbortSignal, failureClass: 'transient' | 'unknownOutcome'): AttemptFailure {
  const reason: unknown = signal.reason;
  const code = isHoldfastError(reason) ? reason.code : 'HF_ATTEMPT_TIMED_OUT';
  const when = failureClass === 'transient' ? 'before anything was changed' : 'while it waited';
  return new AttemptFailure(failureClass, `The attempt was ended ${when}.`, { code });
}
