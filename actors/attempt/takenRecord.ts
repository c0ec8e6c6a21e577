/**
 * What a handler says that the upstream holds now, read for what is sound in it: it comes from the app, and what
 * can't be kept must not fail an edit that has been taken (SV-2).
 *
 * @module
 */

import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { TakenRecord } from './handler.ts';

const VERSION_LENGTH_MAX = 1_024;
/** Then the next edit reads the record, which is safe whatever it is. */
const UNKNOWN: TakenRecord = Object.freeze({ version: null });

/** A copy of what can be kept; a record of which nothing is known where it is malformed. */
export function takenRecord(given: unknown): TakenRecord {
  try {
    const { version, value, meta } = Object(given) as Partial<TakenRecord>;
    if (typeof version !== 'string' || version === '' || version.length > VERSION_LENGTH_MAX) {
      return UNKNOWN;
    }
    const text = JSON.stringify(value) as string | undefined;
    // A version of something that JSON can't carry: what it is a version of is not known.
    if (text === undefined && value !== undefined) return UNKNOWN;
    const said = recordMetaFrom(meta);
    return {
      version,
      ...(text === undefined ? {} : { value: JSON.parse(text) as Json }),
      ...(said === null ? {} : { meta: said }),
    };
  } catch {
    return UNKNOWN;
  }
}
