/**
 * A crisis call of unknown origin, read for what is sound in it: a person in danger must not wait for
 * an app that sends a field too many (CR-2, CR-4). What breaks a rule of requests is left out, or takes
 * its default, and is named. Only without a sound subject, or with a payload that can't be kept, is
 * there nothing to deliver.
 *
 * @module
 */

import { isHoldfastError } from '../../vocabulary/errors.ts';
import type { CheckedRequest, SyncRequest } from '../request/request.ts';

type Field = keyof SyncRequest;
type Fields = Readonly<Partial<Record<Field, unknown>>>;

export interface CrisisRules {
  /** The type of a crisis that names none, or none that is sound. */
  readonly type: string;
  /** The rules of all requests; throws the `HoldfastError` that names the field at fault. */
  readonly check: (request: unknown, payloadBytesMax: number) => CheckedRequest;
}

/** A crisis whose fields are sound, but for payload and base, which nobody has looked at. */
export interface CrisisReading {
  readonly fields: Fields;
  readonly leftOut: readonly string[];
}

export interface SoundCrisis {
  readonly request: CheckedRequest;
  /** Names of what was left out or took its default; nothing of what it held. */
  readonly leftOut: readonly string[];
}

/** What a crisis may give. Its priority is its own, and it never expires (CR-4). */
const FIELDS: readonly Field[] = [
  'type',
  'subject',
  'entity',
  'tier',
  'payload',
  'idempotencyKey',
  'base',
  'method',
  'path',
];
/** Its own name may be data. */
const UNKNOWN_FIELD = 'a field that is not known';
/** For a check without payload and base. */
const NO_PAYLOAD_BYTES = 1_024;

/**
 * Reads all but payload and base, which may be large.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` or `HF_CARD_NUMBER_REFUSED` where the subject is not
 * sound; and what a field throws that is read.
 */
export function readCrisis(request: unknown, rules: CrisisRules): CrisisReading {
  const known = knownFields(request);
  const { payload, base, ...others } = known.fields;
  const given = { type: rules.type, tier: 'premium', ...others, priority: 'crisis' };
  const sound = mended(given, rules, NO_PAYLOAD_BYTES);
  return {
    fields: { ...sound.fields, payload, base },
    leftOut: [...known.leftOut, ...sound.leftOut],
  };
}

/**
 * The whole request.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE` or `HF_CARD_NUMBER_REFUSED`
 * where its payload can't be kept.
 */
export function completeCrisis(
  reading: CrisisReading,
  rules: CrisisRules,
  payloadBytesMax: number,
): SoundCrisis {
  const { request, leftOut } = mended(reading.fields, rules, payloadBytesMax);
  return { request, leftOut: [...reading.leftOut, ...leftOut] };
}

function knownFields(request: unknown): CrisisReading {
  const fields: Partial<Record<Field, unknown>> = {};
  const leftOut = new Set<string>();
  const given = typeof request === 'object' && request !== null ? Object.entries(request) : [];
  for (const [name, value] of given) {
    const field = FIELDS.find((candidate) => candidate === name);
    if (name === 'priority' || value === undefined) continue;
    if (field !== undefined) fields[field] = value;
    else leftOut.add(name === 'expiresAtMs' ? name : UNKNOWN_FIELD);
  }
  return { fields, leftOut: [...leftOut] };
}

/** Checks the fields until they pass, each time without what was at fault. */
function mended(
  given: Fields,
  rules: CrisisRules,
  payloadBytesMax: number,
): SoundCrisis & CrisisReading {
  const leftOut: Field[] = [];
  let fields = given;
  for (;;) {
    try {
      return { request: rules.check(fields, payloadBytesMax), fields, leftOut };
    } catch (error) {
      const at = isHoldfastError(error) ? optionalField(error.field) : undefined;
      if (at === undefined || leftOut.includes(at)) throw error;
      leftOut.push(at);
      const instead: Fields = { type: rules.type, tier: 'premium' };
      fields = { ...fields, [at]: instead[at] };
    }
  }
}

/** The field that an error names by its path, if a crisis can do without it. */
function optionalField(path = ''): Field | undefined {
  const [name] = path.split('.');
  return FIELDS.find((field) => field === name && field !== 'subject' && field !== 'payload');
}
