/**
 * The parts of an answer that `httpHandler` keeps: status, useful headers, and the text of a refusal.
 *
 * @module
 */

import type { Json } from '../../machines/vocabulary/json.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import { isJson } from './readJson.ts';

/** The headers kept by default: validators, the place of the result, and the request's ids at the upstream. */
export const HEADERS_KEPT: readonly string[] = [
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
export function answerOf(
  { status, headers }: Response,
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
export function refusalBody(
  { headers }: Response,
  bytes: Uint8Array,
  isWhole: boolean,
): Json | undefined {
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
