/**
 * `httpHandler`: sends attempts as HTTP requests and classifies the answers by RT-2.
 *
 * @module
 */

import type { Attempt, Fetch, RequestNames, Run, TakenRecord } from '../../actors/port.ts';
import { AttemptFailure, permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import { checkFields } from '../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../machines/vocabulary/optionRules.ts';
import { abortable, cutOff, noAnswer, refusalOf } from './failures.ts';
import { type Reading, readRecord } from './fetchCurrent.ts';
import { splitMeta, withMeta } from './metaField.ts';
import { checkNamesOfPath, checkPathTemplate, pathOfEntity } from './pathOfEntity.ts';
import { readBodyStart, readJson } from './readJson.ts';
import {
  checkHeaders,
  headersOf,
  headersOfRead,
  moreHeaders,
  type RequestHeaders,
} from './requestHeaders.ts';
import { parseBaseUrl, requestUrl } from './requestUrl.ts';
import { loadClient, notesHost, send } from './send.ts';
import { answerOf, HEADERS_KEPT, refusalBody } from './upstreamAnswer.ts';
import { versionOf } from './validators.ts';

export interface HttpHandlerOptions {
  /** Requests go to `<baseUrl>/<type with dots as slashes>`, or to {@link path}, or to the path the request names. */
  readonly baseUrl: string | URL;
  /**
   * The path below `baseUrl` of requests that name none, in place of their type: `plans/{entity.id}`. It may name
   * `{entity.id}`, `{entity.type}` and `{subject}`, each of which is encoded. A request whose names the path can't be made
   * of, such as an entity's id `..` or a URL, is refused before acceptance, but for a crisis. Default: that of the type.
   */
  readonly path?: string | undefined;
  /**
   * More headers, such as `Authorization`: as an object, or as a function that is called for every attempt, so
   * that a token can be fresh. Never stored. They can't replace `Idempotency-Key`.
   */
  readonly headers?: RequestHeaders | undefined;
  /**
   * True: where the request's `base` is text, it is the validator of the version that the change was made on,
   * so that an upstream that holds another answers 412 and the operation waits as `conflicted`: an entity tag
   * goes out as `If-Match`, a `Last-Modified` date as `If-Unmodified-Since` (RFC 9110 §13.1). Default false.
   * Where the handler has `conflicts` every request is held to its version, and this adds nothing.
   */
  readonly ifMatchBase?: boolean | undefined;
  /**
   * Where the handler has `conflicts`: the field of the record's JSON object in which what holdfast knows of it
   * travels (`attempt.meta`), so that other stores that read the record can tell what is newer and what was
   * removed. It is put in where the record is written and split off where it is read; a payload that has the field
   * itself is refused. Default: it does not travel, and versions alone tell what has changed.
   */
  readonly metaField?: string | undefined;
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
  path: 'text',
  headers: 'anything',
  ifMatchBase: 'boolean',
  metaField: {
    matches: (name) => typeof name === 'string' && name !== '' && name.length <= 128,
    rule: 'must be the name of a field, such as holdfast',
  },
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
/**
 * Methods whose answers have the validator of the record; that of others may be of something else (RFC 9110 §9.3.4,
 * RFC 5789 §2).
 */
const TELLING_METHODS: ReadonlySet<string> = new Set(['PUT', 'PATCH']);
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** What {@link httpHandler} makes: it performs attempts, and reads records for handlers with `conflicts`. */
export interface HttpRun<Response = Json | undefined> extends Run<unknown, Response> {
  /**
   * What is at the URL of the attempt, by GET: `version` is its `ETag`, or `Last-Modified` where there is none;
   * `null` for 404 and 410. Fails as attempts do, but that nothing is ever applied by it.
   */
  readonly fetchCurrent: Fetch<unknown>;
  /** Refuses, before acceptance, names that the handler's `path` could not be made of. */
  readonly checkRequest: (request: RequestNames) => void;
}

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
 * Where the handler has `conflicts`, each request is held to the version that it was made on: a tag goes out as
 * `If-Match` (a weak one as it is, which only servers that compare weak tags let pass), a date as
 * `If-Unmodified-Since`, and a record that is not there yet as `If-None-Match: *`. 409 and 412 are conflicts, and so is
 * 404 or 410 to an edit of a version, for the record is gone. The ETag of the answer to a PUT or PATCH is the version
 * that the next edit is held to; without one the record is read first. Compression is not asked for then, since proxies
 * that compress change or drop the tags.
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
): HttpRun<Response> {
  checkFields(options, KINDS, '');
  const base = parseBaseUrl(options.baseUrl, { allowInsecure: options.allowInsecure === true });
  const methodDefault = options.method ?? 'POST';
  const bytesMax = options.responseBytesMax ?? 1_048_576;
  const notAppliedStatuses = checkStatuses(options.notAppliedStatuses ?? [503]);
  checkHeaders(options.headers);
  checkPathTemplate(options.path);
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

  const { metaField, path } = options;
  const urlOf = (attempt: Attempt<unknown>): URL => {
    const own = path === undefined || attempt.path !== null ? null : pathOfEntity(path, attempt);
    return requestUrl(base, attempt.type, attempt.path ?? own);
  };
  /** The value of the headers option, asked for only where the attempt may still begin. */
  const askedHeaders = async (
    attempt: Attempt<unknown>,
  ): Promise<Readonly<Record<string, string>>> => {
    const { signal } = attempt;
    if (signal.aborted) throw cutOff(signal, 'transient');
    return await abortable(moreHeaders(attempt, options.headers), signal);
  };

  const run = async (attempt: Attempt<unknown>): Promise<Response> => {
    const method = attempt.method ?? methodDefault;
    if (!METHODS.has(method)) {
      throw permanentFailure(`method must be one of ${[...METHODS].join(', ')}.`, {
        code: 'HF_REQUEST_INVALID',
        field: 'method',
      });
    }
    const url = urlOf(attempt);
    const { signal, condition, meta } = attempt;
    const payload = withMeta(attempt.payload, metaField, meta);
    const more = await askedHeaders(attempt);
    const headers = headersOf(attempt, more, options.ifMatchBase === true);
    const isSafe = SAFE_METHODS.has(method);
    try {
      const init = {
        method,
        headers,
        body: isSafe ? null : JSON.stringify(payload),
        redirect: 'manual',
        signal,
      } as const;
      const sentFor = attempt.priority === 'crisis' ? 'crisis' : 'ordinary';
      const response = await (options.fetch === undefined
        ? send(url, init, sentFor)
        : options.fetch(url, init));
      const notApplied = isSafe || notAppliedStatuses.has(response.status);
      if (!response.ok) {
        const { bytes, isWhole } = await readBodyStart(response, signal);
        attempt.keepAnswer(answerOf(response, namesKept, refusalBody(response, bytes, isWhole)));
        throw refusalOf(response, { notApplied, condition, ifMatch: headers.get('if-match') });
      }
      attempt.keepAnswer(answerOf(response, namesKept));
      const body = await readJson(response, bytesMax);
      if (condition !== undefined || meta !== undefined) {
        attempt.keepCurrent(takenRecord(response, { method, url, body, metaField }));
      }
      return body as Response;
    } catch (error) {
      if (error instanceof AttemptFailure) throw error;
      throw noAnswer(error, signal, isSafe);
    }
  };
  const fetchCurrent: Fetch<unknown> = async (attempt) => {
    const { signal } = attempt;
    const url = urlOf(attempt);
    const headers = headersOfRead(attempt, await askedHeaders(attempt));
    return await readRecord({
      fetch: options.fetch ?? sendOrdinary,
      ...{ url, headers, signal, bytesMax, metaField },
    });
  };
  const checkRequest = (request: RequestNames): void => {
    if (path !== undefined && request.path === null) checkNamesOfPath(path, request);
  };
  const made = Object.assign(run, { fetchCurrent, checkRequest });
  return options.fetch === undefined ? notesHost(made, base) : made;
}

/** Sends a read of a record, which never belongs to a crisis. */
const sendOrdinary: Reading['fetch'] = async (url, init) => await send(url, init, 'ordinary');

/** The record after the upstream has taken an edit of it, as far as it is known. */
function takenRecord(
  response: globalThis.Response,
  {
    method,
    url,
    body,
    metaField,
  }: {
    readonly method: string;
    readonly url: URL;
    readonly body: Json | undefined;
    readonly metaField: string | undefined;
  },
): TakenRecord {
  const { headers } = response;
  const found = TELLING_METHODS.has(method) ? versionOf(headers) : null;
  if (found === null || found === 'tooFresh') return { version: null };
  const location = headers.get('content-location');
  const isRecord =
    body !== undefined &&
    location !== null &&
    URL.canParse(location, url.href) &&
    new URL(location, url).href === url.href;
  return isRecord ? { ...found, ...splitMeta(body, metaField) } : found;
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
