/**
 * Validators of HTTP: what tells one version of a record from another (RFC 9110 §8.8), and the conditions that
 * are made of them (§13.1).
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { parseHttpDate } from '../../machines/policy/retry/retryAfter.ts';
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
export function versionOf(headers: Headers): { readonly version: string } | 'tooFresh' | null {
  const tag = headers.get('etag')?.trim() ?? '';
  const isTag = ENTITY_TAG.test(tag) || BARE_TAG.test(tag);
  if (isTag && tag.length <= TAG_LENGTH_MAX) return { version: tag };
  const date = headers.get('last-modified')?.trim() ?? '';
  const nowMs = systemClock.now();
  const modifiedMs = HTTP_DATE.test(date) ? parseHttpDate(date, nowMs) : null;
  // Both times are of the upstream's clock, or they can't be compared.
  const answeredMs = parseHttpDate(headers.get('date') ?? '', nowMs);
  if (modifiedMs === null || answeredMs === null) return null;
  return answeredMs - modifiedMs >= DATE_STEP_MS ? { version: date } : 'tooFresh';
}

/** Adds the condition by which an edit fails unless the upstream still holds what it was made on. */
export function setCondition(headers: Headers, condition: EditCondition): void {
  if ('absent' in condition) headers.set('if-none-match', '*');
  else if (BARE_TAG.test(condition.version)) headers.set('if-match', condition.version);
  else setValidator(headers, condition.version);
}

/**
 * Holds a request to the version that it was made on. A weak tag goes out as it is: by RFC 9110 §13.1.1 it never
 * matches, but FHIR and OData have servers compare it all the same, and a strong one in its place would be made up.
 */
export function setValidator(headers: Headers, base: string): void {
  if (ENTITY_TAG.test(base)) headers.set('if-match', base);
  else if (HTTP_DATE.test(base)) headers.set('if-unmodified-since', base);
  else {
    throw permanentFailure(
      'base is neither an entity tag, such as "v7" in quotation marks, nor a date of HTTP; nothing was sent.',
      { code: 'HF_REQUEST_INVALID', field: 'base' },
    );
  }
}
