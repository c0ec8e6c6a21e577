/**
 * A crisis call of unknown origin, read for what is sound in it: nothing refuses a crisis (CR-2, CR-4).
 * What breaks a rule of requests is masked, cut, left out or takes its default, and a note of that goes
 * with the delivery, so that those who read it there know that more was said. A call that holds nothing
 * sound at all is delivered as that: somebody has asked for help.
 *
 * @module
 */

import { isHoldfastError, type ValuePath } from '../../vocabulary/errors.ts';
import type { Pieces } from '../../vocabulary/pieces.ts';
import { asSubjectText, SUBJECT_LENGTH_MAX } from '../../vocabulary/subject.ts';
import { maskText } from '../request/cardData.ts';
import type { CheckedRequest, SyncRequest } from '../request/request.ts';
import { withNote } from '../request/requestBody.ts';
import { countryOf } from './crisisResources.ts';
import { languageOf } from './crisisWords.ts';
import { soundJsonInPieces } from './soundJson.ts';

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
  /** What was given, whose fields that nobody knows were not looked at. */
  readonly given: unknown;
  readonly fields: Fields;
  readonly leftOut: readonly string[];
}

export interface SoundCrisis {
  /** The request as it is kept; its body holds the note. */
  readonly request: CheckedRequest;
  /** What is not as it was given, by the names of fields; nothing of what they held. */
  readonly leftOut: readonly string[];
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
  'changes',
] satisfies readonly Field[];
/** What is no stray. */
const KNOWN: ReadonlySet<string> = new Set([...FIELDS, ...IGNORED]);
/** Name for any unknown field, since its own name may be data. */
const UNKNOWN_FIELD = 'a field that is not known';
const UNNAMED_PAYLOAD = 'payload: made of fields that are not known';
/** Name for a request that is no object or can't be read. */
const WHOLE_REQUEST = 'request';
/** What marks a trial run: `true`, and nothing else. In doubt somebody is in danger. */
const TEST_FIELD = 'test';
/** Subject of a crisis that names none, or none that can be kept. */
export const UNKNOWN_SUBJECT = 'unknown';
/** For a check without payload and base. */
const NO_PAYLOAD_BYTES = 1_024;
/** Bytes of JSON that are read at once; what is larger is read in pieces. */
const AT_ONCE_BYTES = 8_192;
/** Fields of a request that are listed one by one; more are read as a payload is. */
const LISTED_MAX = 64;
/** Bytes of a body beside its payload, and of a base beside its value. */
const BODY_FRAME = '{"payload":}'.length;
const BASE_FRAME = '"base":,'.length;

/**
 * Reads all but payload and base, which may be large, and fields that nobody knows, which may be many: these
 * are not even counted here: all names of an object are listed or none (CR-1).
 */
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
  return { given: request, fields: { ...fields, type, payload, base }, leftOut };
}

/**
 * The whole request, in pieces of a few milliseconds: one for what most people send.
 *
 * @param bytesMax for payload and base, in bytes of JSON; what is larger is cut
 */
export function* completeCrisis(
  { given, fields, leftOut }: CrisisReading,
  rules: CrisisRules,
  bytesMax: number,
): Pieces<SoundCrisis> {
  const strays = straysOf(given);
  const notes = [...leftOut];
  const hasPayload = fields.payload !== undefined || leftOut.includes('payload');
  if (strays === null) notes.push(WHOLE_REQUEST);
  else if (strays !== NO_STRAYS) notes.push(hasPayload ? UNKNOWN_FIELD : UNNAMED_PAYLOAD);
  // Most often a payload that is misnamed, or was not put into one.
  const payload = hasPayload ? fields.payload : strays?.value;
  const isPart = !hasPayload && strays?.isMany === true;
  if (strays?.isMany === true) yield;
  const whole = yield* withSoundBody({ ...fields, payload }, rules, bytesMax, isPart);
  notes.push(...whole.leftOut);
  const { request } = whole;
  return {
    // Its key goes out with a digest of this, so that one that is put right is no repeat of it.
    request: {
      ...request,
      ...(isTest(given) ? { isTest: true } : {}),
      body: withNote(request.body, notes),
    },
    leftOut: notes,
  };
}

function isTest(request: unknown): boolean {
  return valueAt(request as object, TEST_FIELD) === true;
}

function knownFields(request: unknown): Omit<CrisisReading, 'given'> {
  if (typeof request !== 'object' || request === null || isList(request)) {
    // Whatever it is, it was meant to say something.
    return { fields: { payload: request }, leftOut: [WHOLE_REQUEST] };
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
  return { fields, leftOut };
}

function isList(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** What a request holds beside its fields. */
interface Strays {
  /** An object of them; of many the request itself. */
  readonly value: unknown;
  readonly isMany: boolean;
}

const NO_STRAYS: Strays = { value: undefined, isMany: false };

/** `null` where nobody can read which there are. */
function straysOf(request: unknown): Strays | null {
  if (typeof request !== 'object' || request === null || isList(request)) return NO_STRAYS;
  try {
    const names = Object.keys(request);
    if (names.length > LISTED_MAX) return { value: request, isMany: true };
    const strays: [string, unknown][] = [];
    for (const name of names) {
      if (KNOWN.has(name)) continue;
      const value = valueAt(request, name);
      // For the answer, which was given where the person is, and in their language.
      if (name === 'region' && countryOf(value) !== null) continue;
      if (name === TEST_FIELD && typeof value === 'boolean') continue;
      if (name === 'locale' && languageOf(value) !== null) continue;
      if (value !== undefined) strays.push([name, value]);
    }
    return strays.length === 0 ? NO_STRAYS : { value: Object.fromEntries(strays), isMany: false };
  } catch {
    return null;
  }
}

/** The value of a field; a value that equals nothing where the request is no object, or throws. */
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
): SoundCrisis & Pick<CrisisReading, 'fields'> {
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

/** The part of a subject that is kept where it breaks a rule: it may still tell the person from others. */
function soundSubject(given: unknown): string {
  const text = asSubjectText(given);
  if (typeof text !== 'string') return UNKNOWN_SUBJECT;
  // With what follows the part that is kept, or a part of a card number might stay.
  const masked = maskText(text.slice(0, 2 * SUBJECT_LENGTH_MAX));
  return masked.slice(0, SUBJECT_LENGTH_MAX).replace(/\p{Surrogate}|\0/gu, '\ufffd');
}

/**
 * Payload and base as they are; else what of them can be kept.
 *
 * @param isPart the payload is what a request holds beside its fields
 */
function* withSoundBody(
  fields: Fields,
  rules: CrisisRules,
  bytesMax: number,
  isPart: boolean,
): Pieces<SoundCrisis> {
  const { payload = null, base } = fields;
  if (!isPart) {
    try {
      const request = rules.check(fields, Math.min(AT_ONCE_BYTES, bytesMax));
      return { request, leftOut: [] };
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'HF_PAYLOAD_TOO_LARGE') yield;
    }
  }
  const bare = rules.check({ ...fields, payload: null, base: undefined }, NO_PAYLOAD_BYTES);
  const isExempt = rules.exemptionsOf(bare.type);
  const room = Math.max(0, bytesMax - BODY_FRAME);
  const skipped = isPart ? KNOWN : undefined;
  const sound = yield* soundJsonInPieces(payload, 'payload', { bytesMax: room, isExempt, skipped });
  const leftOut = sound.flaws.map((flaw) => `payload: ${flaw}`);
  let before = '';
  if (base !== undefined) {
    // It helps to merge and no more; where it is at fault, or there is no room for both, it goes.
    const roomOfBase = Math.max(0, room - sound.bytes - BASE_FRAME);
    const kept = yield* soundJsonInPieces(base, 'base', { bytesMax: roomOfBase, isExempt });
    if (kept.flaws.length > 0) leftOut.unshift('base');
    else before = `"base":${kept.text},`;
  }
  return { request: { ...bare, body: `{${before}"payload":${sound.text}}` }, leftOut };
}

/** A field of what may be anything, and may throw when it is read; `undefined` for none. */
export function fieldOfCrisis(request: unknown, name: 'subject' | 'region' | 'locale'): unknown {
  try {
    return typeof request === 'object' && request !== null ? Reflect.get(request, name) : undefined;
  } catch {
    return undefined;
  }
}

/** The field of a crisis that an error names by its path. */
function fieldOf(error: unknown): Field | undefined {
  const name = isHoldfastError(error) ? error.field?.split('.')[0] : undefined;
  return FIELDS.find((field) => field === name);
}
