/**
 * Metadata in a field of a record's JSON object (`metaField`): added where the record is written, split off where it
 * is read.
 *
 * @module
 */

import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/json.ts';
import type { CarriedMeta, Current } from '../../machines/vocabulary/record.ts';

/** The value to send. A value that is no object has no field for the metadata and is sent alone. */
export function withMeta(value: unknown, field: string | undefined, meta?: CarriedMeta): unknown {
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
export function splitMeta(value: Json, field: string | undefined): Pick<Current, 'value' | 'meta'> {
  if (field === undefined || !isObject(value) || !Object.hasOwn(value, field)) return { value };
  const { [field]: said, ...rest } = value;
  const meta = recordMetaFrom(said);
  return meta === null ? { value: rest } : { value: rest, meta };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
