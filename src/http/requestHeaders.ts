/**
 * The headers of a request that `httpHandler` sends.
 *
 * @module
 */

import { stackLocation } from '../../actors/platform/operationId.ts';
import type { Attempt } from '../../actors/port.ts';
import { permanentFailure, transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { parseHttpDate } from '../../machines/policy/retry/retryPolicy.ts';
import { className, HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { EditCondition } from '../../machines/vocabulary/record.ts';

/** A tag in quotation marks, weak or not: RFC 9110 §8.8.3. */
const ENTITY_TAG = /^(?:W\/)?"[\u0021\u0023-\u007e]*"$/;
/** A tag without quotation marks, as some servers send it: one word that can't be a list or `*`. */
const BARE_TAG = /^(?!\*$)[\u0021\u0023-\u002b\u002d-\u007e]+$/;
/** The form in which dates are sent: RFC 9110 §5.6.7. */
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
/** Longer ones are no validators that a request could give back as its base. */
const TAG_LENGTH_MAX = 1_024;
/** The resolution of a date. */
const DATE_STEP_MS = 1_000;

/**
 * The validator of an answer. `tooFresh`: there is a date alone, and the record was changed in the very second of
 * the answer, so that one more change in it would look the same (§8.8.2.2). `null`: there is none to rely on.
 */
export function versionOf(
  headers: Pick<Headers, 'get'>,
  nowMs: number,
): { readonly version: string } | 'tooFresh' | null {
  const tag = headers.get('etag')?.trim() ?? '';
  const isTag = ENTITY_TAG.test(tag) || BARE_TAG.test(tag);
  if (isTag && tag.length <= TAG_LENGTH_MAX) return { version: tag };
  const date = headers.get('last-modified')?.trim() ?? '';
  const modifiedMs = HTTP_DATE.test(date) ? parseHttpDate(date, nowMs) : null;
  // Both times are of the upstream's clock, or they can't be compared.
  const answeredMs = parseHttpDate(headers.get('date') ?? '', nowMs);
  if (modifiedMs === null || answeredMs === null) return null;
  return answeredMs - modifiedMs >= DATE_STEP_MS ? { version: date } : 'tooFresh';
}

/** Adds the condition by which an edit fails unless the upstream still holds what it was made on. */
function setCondition(headers: Headers, condition: EditCondition): void {
  if ('absent' in condition) headers.set('if-none-match', '*');
  else if (BARE_TAG.test(condition.version)) headers.set('if-match', condition.version);
  else setValidator(headers, condition.version);
}

/**
 * Holds a request to the version that it was made on. A weak tag goes out as it is: by RFC 9110 §13.1.1 it never
 * matches, but FHIR and OData have servers compare it all the same, and a strong one in its place would be made up.
 */
function setValidator(headers: Headers, base: string): void {
  if (ENTITY_TAG.test(base)) headers.set('if-match', base);
  else if (HTTP_DATE.test(base)) headers.set('if-unmodified-since', base);
  else {
    throw permanentFailure(
      'base is neither an entity tag, such as "v7" in quotation marks, nor a date of HTTP; nothing was sent.',
      { code: 'HF_REQUEST_INVALID', field: 'base' },
    );
  }
}

/** More headers: the same for every attempt, or asked for each. */
export type RequestHeaders =
  | Readonly<Record<string, string>>
  | ((
      attempt: Attempt,
    ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** The values that a header carries unchanged. */
const PRINTABLE_ASCII = /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/;
/** A proxy that packs an answer makes its tag weak, drops it or adds to it, so that it never matches again. */
const UNPACKED = 'identity';
const NOT_OF_READS = [
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
];

/** @throws HoldfastError `HF_OPTION_INVALID`; no value is repeated, for it is often a secret. */
export function checkHeaders(headers: unknown): void {
  if (headers === undefined || typeof headers === 'function') return;
  const isRecord = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  const entries = isRecord ? Object.entries(headers) : null;
  if (entries?.every(([name, value]) => isCarried(name, value)) === true) return;
  throw new HoldfastError(
    'HF_OPTION_INVALID',
    entries === null
      ? 'headers must be an object of names and values, or a function that gives one: headers: () => ({ … }).'
      : 'headers must hold names and values that HTTP can carry.',
    { field: 'headers' },
  );
}

/** The headers of the option for this attempt: at once, unless a function is to be asked for them. */
export function moreHeaders(
  attempt: Attempt<unknown>,
  headers: RequestHeaders | undefined,
): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>> {
  return typeof headers === 'function' ? askedHeaders(attempt, headers) : (headers ?? {});
}

async function askedHeaders(
  attempt: Attempt<unknown>,
  headers: Extract<RequestHeaders, (attempt: Attempt) => unknown>,
): Promise<Readonly<Record<string, string>>> {
  try {
    return (await headers(attempt as Attempt)) ?? {};
  } catch (cause) {
    if (isHoldfastError(cause)) throw cause;
    const location = stackLocation(cause);
    const what = location === null ? className(cause) : `${className(cause)} at ${location}`;
    throw transientFailure(`The headers function failed with ${what}; nothing was sent.`, {
      notApplied: true,
      isException: true,
      cause,
    });
  }
}

/** All headers of a request. */
export function headersOf(
  attempt: Attempt<unknown>,
  more: Readonly<Record<string, string>>,
  ifMatchBase: boolean,
): Headers {
  if (!PRINTABLE_ASCII.test(attempt.idempotencyKey)) {
    throw permanentFailure(
      'idempotencyKey holds characters that an HTTP header cannot carry; use printable ASCII.',
      { code: 'HF_REQUEST_INVALID', field: 'idempotencyKey' },
    );
  }
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/json' });
  const { condition, meta, base, priority } = attempt;
  // Unpacking takes a thread of the pool, which a crisis waits for in vain where others occupy it (CR-2).
  const isToBeWhole = condition !== undefined || meta !== undefined || priority === 'crisis';
  if (isToBeWhole) headers.set('accept-encoding', UNPACKED);
  setMore(headers, more);
  if (condition !== undefined) setCondition(headers, condition);
  else if (ifMatchBase && typeof base === 'string') setValidator(headers, base);
  headers.set('idempotency-key', attempt.idempotencyKey);
  headers.set('traceparent', attempt.traceparent);
  headers.set('holdfast-attempt', String(attempt.number));
  if (attempt.isTest) headers.set('holdfast-test', 'true');
  if (attempt.leftOut.length > 0) headers.set('holdfast-left-out', attempt.leftOut.join(', '));
  return headers;
}

/** All headers of a read of a record. */
export function headersOfRead(
  attempt: Attempt<unknown>,
  more: Readonly<Record<string, string>>,
): Headers {
  const headers = new Headers({ accept: 'application/json', 'accept-encoding': UNPACKED });
  setMore(headers, more);
  // A read has no body, and a condition would hide what is there.
  for (const name of NOT_OF_READS) headers.delete(name);
  headers.set('traceparent', attempt.traceparent);
  return headers;
}

function setMore(headers: Headers, more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(more)) {
    if (isCarried(name, value)) {
      headers.set(name, value);
      continue;
    }
    throw permanentFailure('The option headers gave a header that HTTP cannot carry.', {
      code: 'HF_OPTION_INVALID',
      field: 'headers',
    });
  }
}

function isCarried(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    // The platform's own rule; what it throws quotes the value.
    new Headers().set(name, value);
    return true;
  } catch {
    return false;
  }
}
