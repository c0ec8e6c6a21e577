/**
 * What an app says of the records that its edits change, checked before it is looked at (CF-7, OP-9).
 *
 * @module
 */

import type { Entity } from '../../vocabulary/record.ts';
import type { Json } from '../../vocabulary/shape.ts';
import { VERSION_LENGTH_MAX } from './editRequest.ts';
import { checkEntity, checkText } from './request.ts';
import { type BodyRules, encodeBody, invalidField as invalid, parseBody } from './requestBody.ts';

/** News of a record, in the form in which it is kept. */
export interface CheckedChange {
  readonly entity: Entity;
  readonly subject: string;
  readonly value: Json;
  readonly version: string | null;
  readonly meta?: unknown;
}

const FIELDS: readonly string[] = ['entity', 'subject', 'value', 'version', 'meta'];

/** @throws HoldfastError `HF_REQUEST_INVALID` for what is no `{ type, id }`. */
export function checkedEntity(given: unknown): Entity {
  if (given === undefined) throw invalid('entity', 'is missing');
  return checkEntity(given, null);
}

/**
 * @param bytesMax of the value as JSON
 * @param searchesLater gets the search of a large value, as in `BodyRules`
 * @throws HoldfastError `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE` or `HF_CARD_NUMBER_REFUSED`; what is said of
 * `payload` is said of the value.
 */
export function checkedChange(
  given: unknown,
  bytesMax: number,
  searchesLater?: BodyRules['searchesLater'],
): CheckedChange {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid('change', 'must be an object');
  }
  const unknown = Object.keys(given).some((name) => !FIELDS.includes(name));
  if (unknown)
    throw invalid('change', `has a field that is not known. Known are ${FIELDS.join(', ')}`);
  const { entity, subject, value, version, meta } = given as Readonly<Record<string, unknown>>;
  if (value === undefined) {
    throw invalid('value', 'is missing; where the upstream has no such record any more, give null');
  }
  const isVersion =
    typeof version === 'string' && version !== '' && version.length <= VERSION_LENGTH_MAX;
  if (!isVersion && version !== null) {
    throw invalid(
      'version',
      `must be the validator of the record as the upstream gives it, a text of 1 to ${VERSION_LENGTH_MAX} characters, or null where it gives none`,
    );
  }
  const body = encodeBody({ payload: value }, { bytesMax, isExempt: () => false, searchesLater });
  return {
    entity: checkedEntity(entity),
    subject: checkText(subject, 'subject', null),
    value: parseBody(body).payload,
    version: isVersion ? version : null,
    meta,
  };
}
