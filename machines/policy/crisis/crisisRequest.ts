/**
 * A crisis call of unknown origin, read for what is sound in it: nothing refuses a crisis (CR-2, CR-4).
 * What breaks a rule of requests is masked, cut, left out or takes its default, and a note of that goes
 * with the delivery, so that those who read it there know that more was said. A call that holds nothing
 * sound at all is delivered as that: somebody has asked for help.
 *
 * @module
 */

import { isHoldfastError, type ValuePath } from '../../vocabulary/errors.ts';
import { asSubjectText, SUBJECT_LENGTH_MAX } from '../../vocabulary/subject.ts';
import { maskText } from '../request/cardData.ts';
import type { CheckedRequest, SyncRequest } from '../request/request.ts';
import { withNote } from '../request/requestBody.ts';
import { countryOf } from './crisisResource.ts';
import { soundJson } from './soundJson.ts';

type Field = keyof SyncRequest;
type Fields = Readonly<Partial<Record<Field, unknown>>>;

export interface CrisisRules {
  /** The type of a crisis that names none, or none that is sound. */
  readonly type: string;
  /** Whether there is a handler of this type. */
  readonly hasHandler: (type: string) => boolean;
  /** The rules of all requests; throws the `HoldfastError` that names the field at fault. */
  readonly check: (request: unknown, payloadBytesMax: number) => CheckedRequest;
  /** Which card data the handler of a type exempts. */
  readonly exemptionsOf: (type: string) => (path: ValuePath) => boolean;
}

/** A crisis whose fields are sound, but for payload and base, which nobody has looked at. */
export interface CrisisReading {
  readonly fields: Fields;
  readonly leftOut: readonly string[];
}

export interface SoundCrisis {
  /** Its body holds the note. */
  readonly request: CheckedRequest;
  /** What is not as it was given, by the names of fields; nothing of what they held. */
  readonly leftOut: readonly string[];
}

/** How much of a payload may be read now. */
export interface ReadingLimits {
  /** For payload and base, in bytes of JSON. */
  readonly bytesMax: number;
  /** A payload that is larger is cut; else it is to be read later. */
  readonly mayCut: boolean;
}

/** What a crisis may give. Its priority is its own, it never expires nor waits for its start (CR-4), it has no tags, and it is no edit of a record. */
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
/** Nothing ends a crisis but its delivery, and nothing delays it. */
const INSTANTS = ['expiresAtMs', 'startAtMs'] as const satisfies readonly Field[];
/** Not of a crisis, and no field that nobody knows. */
const IGNORED: readonly string[] = [
  'priority',
  ...INSTANTS,
  'tags',
  'removals',
] satisfies readonly Field[];
/** Its own name may be data. */
const UNKNOWN_FIELD = 'a field that is not known';
const UNNAMED_PAYLOAD = 'payload: made of fields that are not known';
/** It is no object, or nobody can read it. */
const WHOLE_REQUEST = 'request';
/** Who a crisis is about that does not say so, or not in a way that can be kept. */
export const UNKNOWN_SUBJECT = 'unknown';
/** For a check without payload and base. */
const NO_PAYLOAD_BYTES = 1_024;
/** Of the room for payload and base, what is not the payload's. */
const FRAME_BYTES = 32;
const KEY_LENGTH_MAX = 256;
const MENDED_KEY_END = '~mended';
/** Fields without which the upstream knows less than a call that is put right would tell it. */
const TELLING: readonly string[] = [WHOLE_REQUEST, 'subject', 'payload', 'base'];

/** Reads all but payload and base, which may be large. */
export function readCrisis(request: unknown, rules: CrisisRules): CrisisReading {
  const known = knownFields(request);
  const { payload, base, ...others } = known.fields;
  const given = { type: rules.type, tier: 'premium', subject: undefined, ...others };
  const sound = mended({ ...given, priority: 'crisis' }, rules, NO_PAYLOAD_BYTES);
  const { fields } = sound;
  const leftOut = [...known.leftOut, ...sound.leftOut];
  // What nobody handles would wait for a handler that may never come, beside one that is there.
  const isUnhandled = !rules.hasHandler(sound.request.type) && rules.hasHandler(rules.type);
  if (isUnhandled) leftOut.push('type');
  const { type } = isUnhandled ? rules : sound.request;
  return { fields: { ...fields, type, payload, base }, leftOut };
}

/** The whole request; `null` where it is larger than may be read now. */
export function completeCrisis(
  { fields, leftOut }: CrisisReading,
  rules: CrisisRules,
  limits: ReadingLimits,
): SoundCrisis | null {
  const whole = withSoundBody(fields, rules, limits);
  if (whole === null) return null;
  const notes = [...leftOut, ...whole.leftOut];
  const { request } = whole;
  return {
    request: {
      ...request,
      idempotencyKey: keyOf(request, notes),
      body: withNote(request.body, notes),
    },
    leftOut: notes,
  };
}

function knownFields(request: unknown): CrisisReading {
  if (typeof request !== 'object' || request === null || isList(request)) {
    // Whatever it is, it was meant to say something.
    const isSaying = request !== undefined && request !== null;
    return { fields: isSaying ? { payload: request } : {}, leftOut: [WHOLE_REQUEST] };
  }
  const fields: Partial<Record<Field, unknown>> = {};
  const leftOut: string[] = [];
  for (const field of FIELDS) {
    try {
      const value: unknown = Reflect.get(request, field);
      if (value !== undefined) fields[field] = value;
    } catch {
      leftOut.push(field);
    }
  }
  for (const field of INSTANTS) {
    try {
      if (Reflect.get(request, field) !== undefined) leftOut.push(field);
    } catch {
      leftOut.push(field);
    }
  }
  const strays = straysOf(request);
  if (strays === null) leftOut.push(WHOLE_REQUEST);
  else if (strays.length > 0) {
    const hasPayload = fields.payload !== undefined || leftOut.includes('payload');
    // Most often a payload that is misnamed, or was not put into one.
    if (!hasPayload) fields.payload = Object.fromEntries(strays);
    leftOut.push(hasPayload ? UNKNOWN_FIELD : UNNAMED_PAYLOAD);
  }
  return { fields, leftOut };
}

function isList(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Fields that no request has; `null` where nobody can read which there are. */
function straysOf(request: object): readonly [string, unknown][] | null {
  try {
    const strays: [string, unknown][] = [];
    for (const name of Object.keys(request)) {
      if (IGNORED.includes(name) || FIELDS.some((field) => field === name)) continue;
      const value = valueAt(request, name);
      // For the answer, which was given where the person is.
      if (name === 'region' && countryOf(value) !== null) continue;
      if (value !== undefined) strays.push([name, value]);
    }
    return strays;
  } catch {
    return null;
  }
}

function valueAt(request: object, name: string): unknown {
  try {
    return Reflect.get(request, name);
  } catch {
    // Nothing that JSON can carry, so that a mark stands for it.
    return Symbol(name);
  }
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
      // All others are looked at as they are: only an entity has fields, which may throw when they are read.
      const at = fieldOf(error) ?? (fields.entity === undefined ? undefined : 'entity');
      if (at === undefined) throw error;
      const isFirst = !leftOut.includes(at);
      // Its default, too, is at fault.
      if (!isFirst && (at !== 'subject' || fields.subject === UNKNOWN_SUBJECT)) throw error;
      if (isFirst) leftOut.push(at);
      fields = { ...fields, [at]: isFirst ? instead(at, fields, rules) : UNKNOWN_SUBJECT };
    }
  }
}

function instead(field: Field, fields: Fields, { type }: CrisisRules): unknown {
  if (field === 'subject') return soundSubject(fields.subject);
  const defaults: Fields = { type, tier: 'premium' };
  return defaults[field];
}

/** What is kept of a subject that breaks a rule: the person may still be told from others by it. */
function soundSubject(given: unknown): string {
  const text = asSubjectText(given);
  if (typeof text !== 'string' || text === '') return UNKNOWN_SUBJECT;
  // With what follows the part that is kept, or a part of a card number might stay.
  const masked = maskText(text.slice(0, 2 * SUBJECT_LENGTH_MAX));
  return masked.slice(0, SUBJECT_LENGTH_MAX).replace(/\p{Surrogate}|\0/gu, '\ufffd');
}

/** Payload and base as they are; else what of them can be kept. */
function withSoundBody(
  fields: Fields,
  rules: CrisisRules,
  { bytesMax, mayCut }: ReadingLimits,
): SoundCrisis | null {
  const { payload, base } = fields;
  const check = (kept: Fields): CheckedRequest | null => {
    try {
      return rules.check({ ...fields, ...kept }, bytesMax);
    } catch (error) {
      isLate ||= !mayCut && isHoldfastError(error) && error.code === 'HF_PAYLOAD_TOO_LARGE';
      return null;
    }
  };
  let isLate = false;
  const asGiven = check({});
  if (asGiven !== null) return { request: asGiven, leftOut: [] };
  if (isLate) return null;
  const baseNotes = base === undefined ? [] : ['base'];
  // It helps to merge and no more; where it is at fault, or there is no room for both, it goes.
  const withoutBase = base === undefined ? null : check({ base: undefined });
  if (withoutBase !== null) return { request: withoutBase, leftOut: baseNotes };
  const isExempt = rules.exemptionsOf(String(fields.type));
  const room = Math.max(0, bytesMax - FRAME_BYTES);
  const sound = soundJson(payload, 'payload', { bytesMax: room, isExempt });
  if (!mayCut && sound.flaws.includes('cut to fit')) return null;
  const notes = sound.flaws.map((flaw) => `payload: ${flaw}`);
  const mendedWithBase = check({ payload: sound.value });
  if (mendedWithBase !== null) return { request: mendedWithBase, leftOut: notes };
  const mendedAlone = check({ payload: sound.value, base: undefined });
  if (mendedAlone !== null) return { request: mendedAlone, leftOut: [...baseNotes, ...notes] };
  const rest = mended({ ...fields, payload: undefined, base: undefined }, rules, NO_PAYLOAD_BYTES);
  return { request: rest.request, leftOut: [...rest.leftOut, ...baseNotes, 'payload'] };
}

/**
 * A call that was put right and comes under the same key must not be taken for a repeat of this one, nor
 * this one's repeats for new ones.
 */
function keyOf({ idempotencyKey }: CheckedRequest, leftOut: readonly string[]): string | null {
  const isTelling = leftOut.some((note) => TELLING.includes(note.split(':', 1)[0] ?? ''));
  if (idempotencyKey === null || !isTelling) return idempotencyKey;
  return `${idempotencyKey.slice(0, KEY_LENGTH_MAX - MENDED_KEY_END.length)}${MENDED_KEY_END}`;
}

/** The field of a crisis that an error names by its path. */
function fieldOf(error: unknown): Field | undefined {
  const path = isHoldfastError(error) ? error.field : undefined;
  const [name] = (path ?? '').split('.');
  return FIELDS.find((field) => field === name);
}
