/**
 * What `httpHandler` keeps of an answer beside its body: the status, the headers that somebody asks for
 * later, and what a refusal says.
 *
 * @module
 */

import type { Json } from '../../machines/vocabulary/json.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import { isJson } from './readJson.ts';

/** Validators, where the result is, and by what the upstream's people find the request. */
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

/** As much of one header is kept, in characters. */
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

/** What a refusal says: JSON as a value; other text, or JSON that was cut, as text; anything else is left out. */
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
