/**
 * `httpHandler`: sends attempts as HTTP requests and classifies the answers by RT-2.
 *
 * @module
 */

import {
  type Attempt,
  type AttemptEnd,
  endOf,
  type Fetch,
  type RequestNames,
  type Run,
  type TakenRecord,
} from '../../actors/port.ts';
import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { pathProblem } from '../../machines/policy/request/request.ts';
import {
  AttemptFailure,
  permanentFailure,
  transientFailure,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isThenable } from '../../machines/vocabulary/errors.ts';
import {
  checkFields,
  type OptionRules,
  requireOption,
} from '../../machines/vocabulary/optionFields.ts';
import type { CarriedMeta, Current } from '../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { Answer } from './answer.ts';
import type { Sent } from './dispatch.ts';
import { abortable, cutOff, noAnswer, refusalOf } from './failures.ts';
import { type LookedUpFor, parseBaseUrl, requestUrl } from './hostAddresses.ts';
import { isJson, readBodyStart, readJson } from './readJson.ts';
import {
  checkHeaders,
  headersOf,
  headersOfRead,
  moreHeaders,
  type RequestHeaders,
  versionOf,
} from './requestHeaders.ts';
import { loadClient, type Network, notesHost, send, systemNetwork } from './send.ts';

/** How a record is read. */
interface Reading {
  readonly fetch: (url: URL, sent: Sent) => Promise<Answer>;
  readonly url: URL;
  readonly headers: Headers;
  readonly attempt: Attempt<unknown>;
  readonly clock: Clock;
  readonly bytesMax: number;
  readonly metaField: string | undefined;
}

/** The reads of a record that has only a date as its validator and changes all the time. */
const READS_MAX = 3;
/** The pause between reads, in which a date can't tell one change from the next. */
const BETWEEN_READS_MS = 1_000;

/** Reads what the upstream holds; `null` where it has no such record. */
async function readRecord(reading: Reading): Promise<Current | null> {
  for (let reads = 1; reads <= READS_MAX; reads += 1) {
    const found = await readOnce(reading);
    if (found !== 'tooFresh') return found;
    if (reads < READS_MAX) await pause(reading);
  }
  throw transientFailure(
    'The upstream tells versions apart by dates alone, and the record is changed every second.',
    { notApplied: true, retryAfterMs: BETWEEN_READS_MS },
  );
}

async function readOnce(reading: Reading): Promise<Current | null | 'tooFresh'> {
  const { url, headers, attempt, clock, bytesMax, metaField } = reading;
  const end = endOf(attempt);
  try {
    const sent = sentBy(attempt, { method: 'GET', headers, body: null });
    const response = await reading.fetch(url, sent);
    if (!response.ok) {
      await readBodyStart(response, { end, clock });
      if (response.status === 404 || response.status === 410) return null;
      throw refusalOf(response, { notApplied: true, clock });
    }
    const body = await readJson(response, bytesMax);
    if (body === undefined) throw notJson(response.status);
    const version = versionOf(response.headers, clock.now());
    if (version === null) throw noValidator(response.status);
    if (version === 'tooFresh') return version;
    return { ...version, ...splitMeta(body, metaField) };
  } catch (error) {
    throw harmless(error, end);
  }
}

/** The error of a read, without an unknown outcome: a read applies nothing. */
function harmless(error: unknown, end: AttemptEnd): Error {
  if (!(error instanceof AttemptFailure)) return noAnswer(error, end, true);
  if (error.code === 'HF_RESPONSE_TOO_LARGE') {
    return permanentFailure(
      'The record that the upstream holds is larger than responseBytesMax of httpHandler: the edit can not be merged with it. Raise that, and retry the edit.',
      { code: error.code, status: error.status },
    );
  }
  if (error.failureClass !== 'unknownOutcome' && error.failureClass !== 'conflict') return error;
  const { message, code, cause } = error;
  // What can't be the upstream's word came with a status that is not the upstream's either.
  const status = error.failureClass === 'unknownOutcome' ? undefined : error.status;
  return transientFailure(message, { code, status, cause, notApplied: true });
}

async function pause({ attempt, clock }: Reading): Promise<void> {
  let cancel = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = clock.schedule(BETWEEN_READS_MS, resolve);
  });
  try {
    await abortable(over, endOf(attempt));
  } finally {
    cancel();
  }
}

function notJson(status: number): AttemptFailure {
  return permanentFailure(
    'The upstream answered a read of the record, and not with JSON. Have it answer GET with the record, or give conflicts.fetchCurrent.',
    { status },
  );
}

function noValidator(status: number): AttemptFailure {
  return permanentFailure(
    'The upstream sent the record without a validator, so no edit can be held to its version. Have it send ETag (or Last-Modified, with Date), or give conflicts.fetchCurrent.',
    { status },
  );
}

/** What is sent for an attempt, with its signal where somebody reads that. */
function sentBy(
  attempt: Attempt<unknown>,
  { method, headers, body }: Pick<Sent, 'method' | 'headers' | 'body'>,
): Sent {
  return {
    ...{ method, headers, body, redirect: 'manual', end: endOf(attempt) },
    get signal() {
      return attempt.signal;
    },
  };
}

type Named = Pick<Attempt<unknown>, 'subject' | 'entity'>;

const NAMES: Readonly<Record<string, (attempt: Named) => string | undefined>> = {
  'entity.id': ({ entity }) => entity?.id,
  'entity.type': ({ entity }) => entity?.type,
  subject: ({ subject }) => subject,
};
const NAME = /\{([^{}]*)\}/g;

/** @throws HoldfastError `HF_OPTION_INVALID`. */
function checkPathTemplate(template: string | undefined): void {
  if (template === undefined) return;
  const unknown = [...template.matchAll(NAME)].some(([, name = '']) => !Object.hasOwn(NAMES, name));
  requireOption(!unknown, 'path', `may name {${Object.keys(NAMES).join('}, {')}} and no more`);
  const problem = pathProblem(template.replace(NAME, 'x'));
  requireOption(
    problem === null,
    'path',
    `${problem ?? ''}; give one below baseUrl, such as plans/{entity.id}`,
  );
}

/** The path for an attempt. Names are encoded, so that no id leads elsewhere. */
function pathOfEntity(template: string, attempt: Named): string {
  return template.replace(NAME, (_, name: string) => {
    const value = NAMES[name]?.(attempt);
    if (value !== undefined) return encodeURIComponent(value);
    throw permanentFailure('The path of httpHandler names an entity, and the request has none.', {
      code: 'HF_REQUEST_INVALID',
      field: 'entity',
    });
  });
}

/**
 * Refuses what the path could never be made of, before it is accepted.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` naming the field, and nothing of what it holds.
 */
function checkNamesOfPath(template: string, request: Named): void {
  const names = [...template.matchAll(NAME)].map(([, name = '']) => name);
  if (names.some((name) => NAMES[name]?.(request) === undefined)) {
    throw unfit('entity', `is missing, and the path ${template} of httpHandler names it. Give one`);
  }
  const problem = pathProblem(pathOfEntity(template, request));
  if (problem === null) return;
  const alone = (name: string): string =>
    template.replace(NAME, (_, other: string) =>
      other === name ? encodeURIComponent(NAMES[name]?.(request) ?? '') : 'x',
    );
  const field = names.find((name) => pathProblem(alone(name)) !== null) ?? names.at(-1) ?? 'path';
  throw unfit(
    field,
    `can't stand in the path ${template} of httpHandler, which ${problem}. Give another, or a path with the request`,
  );
}

function unfit(field: string, problem: string): HoldfastError {
  return new HoldfastError('HF_REQUEST_INVALID', `${field} ${problem}. Nothing was stored.`, {
    ...{ field, withStack: false },
  });
}

/** The headers kept by default: validators, the place of the result, and the request's ids at the upstream. */
const HEADERS_KEPT: readonly string[] = [
  'content-location',
  'etag',
  'last-modified',
  'location',
  'request-id',
  'retry-after',
  'x-correlation-id',
  'x-request-id',
];

/** The longest part of a header that is kept, in characters. */
const HEADER_LENGTH_MAX = 1_024;

/** The answer as it is kept; `body` only of a refusal, since that of a success is the response. */
function answerOf(
  { status, headers }: Answer,
  names: readonly string[],
  body?: Json,
): UpstreamAnswer {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) kept[name.toLowerCase()] = value.slice(0, HEADER_LENGTH_MAX);
  }
  return { status, headers: kept, ...(body === undefined ? {} : { body }) };
}

/** The body of a refusal: JSON as a value; other text, or JSON that was cut, as text; anything else is left out. */
function refusalBody({ headers }: Answer, bytes: Uint8Array, isWhole: boolean): Json | undefined {
  if (bytes.length === 0) return undefined;
  const contentType = headers.get('content-type') ?? '';
  const isText = contentType === '' || /^text\/|[/+]xml\b/i.test(contentType);
  if (!isText && !isJson(contentType)) return undefined;
  const text = new TextDecoder().decode(bytes);
  if (!isWhole || !isJson(contentType)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

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
  return httpHandlerOver<Response>(systemNetwork, options);
}

/** {@link httpHandler} over a network, real or not. */
export function httpHandlerOver<Response = Json | undefined>(
  network: Network,
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
  const { clock } = network;
  const urlOf = (attempt: Attempt<unknown>): URL => {
    const own = path === undefined || attempt.path !== null ? null : pathOfEntity(path, attempt);
    return requestUrl(base, attempt.type, attempt.path ?? own);
  };
  /** The value of the headers option, asked for only where the attempt may still begin. */
  const askedHeaders = async (
    attempt: Attempt<unknown>,
  ): Promise<Readonly<Record<string, string>>> => {
    const end = endOf(attempt);
    if (end.aborted) throw cutOff(end, 'transient');
    const given = moreHeaders(attempt, options.headers);
    return isThenable(given) ? await abortable(given, end) : given;
  };

  const deliver = async (url: URL, sent: Sent, sentFor: LookedUpFor): Promise<Answer> => {
    if (options.fetch === undefined) return await send(network, url, sent, sentFor);
    const { method, headers, body = null, redirect = 'manual', signal } = sent;
    return await options.fetch(url, { method, headers, body, redirect, signal });
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
    const { condition, meta } = attempt;
    const end = endOf(attempt);
    const payload = withMeta(attempt.payload, metaField, meta);
    const more = await askedHeaders(attempt);
    const headers = headersOf(attempt, more, options.ifMatchBase === true);
    const isSafe = SAFE_METHODS.has(method);
    try {
      const text = isSafe ? null : JSON.stringify(payload);
      const sentFor = attempt.priority === 'crisis' ? 'crisis' : 'ordinary';
      const response = await deliver(
        url,
        sentBy(attempt, { method, headers, body: text }),
        sentFor,
      );
      const notApplied = isSafe || notAppliedStatuses.has(response.status);
      if (!response.ok) {
        const { bytes, isWhole } = await readBodyStart(response, { end, clock });
        attempt.keepAnswer(answerOf(response, namesKept, refusalBody(response, bytes, isWhole)));
        const ifMatch = headers.get('if-match');
        throw refusalOf(response, { notApplied, condition, ifMatch, clock });
      }
      attempt.keepAnswer(answerOf(response, namesKept));
      const body = await readJson(response, bytesMax);
      if (condition !== undefined || meta !== undefined) {
        attempt.keepCurrent(
          takenRecord(response, { method, url, body, metaField, nowMs: clock.now() }),
        );
      }
      return body as Response;
    } catch (error) {
      if (error instanceof AttemptFailure) throw error;
      throw noAnswer(error, end, isSafe);
    }
  };
  const fetchCurrent: Fetch<unknown> = async (attempt) => {
    const url = urlOf(attempt);
    const headers = headersOfRead(attempt, await askedHeaders(attempt));
    return await readRecord({
      // A read of a record never belongs to a crisis.
      fetch: async (at, sent) => await deliver(at, sent, 'ordinary'),
      ...{ url, headers, attempt, clock, bytesMax, metaField },
    });
  };
  const checkRequest = (request: RequestNames): void => {
    if (path !== undefined && request.path === null) checkNamesOfPath(path, request);
  };
  const made = Object.assign(run, { fetchCurrent, checkRequest });
  return options.fetch === undefined ? notesHost(made, { host: base.hostname, network }) : made;
}

/** The record after the upstream has taken an edit of it, as far as it is known. */
function takenRecord(
  response: Answer,
  {
    method,
    url,
    body,
    metaField,
    nowMs,
  }: {
    readonly method: string;
    readonly url: URL;
    readonly body: Json | undefined;
    readonly metaField: string | undefined;
    readonly nowMs: number;
  },
): TakenRecord {
  const { headers } = response;
  const found = TELLING_METHODS.has(method) ? versionOf(headers, nowMs) : null;
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

/** The value to send. A value that is no object has no field for the metadata and is sent alone. */
function withMeta(value: unknown, field: string | undefined, meta?: CarriedMeta): unknown {
  if (field === undefined || meta === undefined || !isObject(value)) return value;
  if (Object.hasOwn(value, field)) {
    throw permanentFailure(
      'payload has the field that metaField of httpHandler names, which is for what holdfast keeps with the record; name another, or leave it out.',
      { code: 'HF_REQUEST_INVALID', field: 'payload' },
    );
  }
  return { ...value, [field]: meta };
}

/** The value and its metadata. Metadata that can't be read is left out too. */
function splitMeta(value: Json, field: string | undefined): Pick<Current, 'value' | 'meta'> {
  if (field === undefined || !isObject(value) || !Object.hasOwn(value, field)) return { value };
  const { [field]: said, ...rest } = value;
  const meta = recordMetaFrom(said);
  return meta === null ? { value: rest } : { value: rest, meta };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
