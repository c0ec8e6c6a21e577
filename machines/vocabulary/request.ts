/**
 * A sync request and the rules it must meet before it is accepted (OP-9, UX-2, CF-7).
 *
 * @module
 */

import { findCardNumber, findSecurityCode } from './cardNumber.ts';
import type { Entity } from './entity.ts';
import { HoldfastError } from './errors.ts';
import type { Json } from './json.ts';
import { PRIORITIES, type Priority, TIERS, type Tier } from './urgency.ts';

/** What an app hands to `runtime.sync()`. */
export interface SyncRequest {
  /** Which handler performs it, in dot.case: `payments.push`. */
  readonly type: string;
  /** The person the data is about; an opaque id of the app. */
  readonly subject: string;
  /** What it changes; operations of one entity run in order. Left out: it has no lane. */
  readonly entity?: Entity | undefined;
  /** What the subject pays for. */
  readonly tier: Tier;
  /** Default `normal`. `crisis` is for `runtime.crisis()`, which also answers. */
  readonly priority?: Priority | undefined;
  /** Anything JSON can carry, up to the payload limit. */
  readonly payload?: Json | undefined;
  /** Makes a repeat of this request find the first. Left out: a random one. At most 256 characters. */
  readonly idempotencyKey?: string | undefined;
  /** When to give up, in milliseconds since the epoch. A crisis never gives up: it is left out. */
  readonly expiresAtMs?: number | undefined;
  /** The version of the entity that this change was made on; handed to conflict resolution. */
  readonly base?: Json | undefined;
  /** For `httpHandler`: the HTTP method, in place of POST. */
  readonly method?: string | undefined;
  /** For `httpHandler`: the path below its base URL, in place of the type. */
  readonly path?: string | undefined;
}

/** A request that has passed every rule, with its defaults filled in. */
export interface CheckedRequest {
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: Tier;
  readonly priority: Priority;
  readonly idempotencyKey: string | null;
  readonly expiresAtMs: number | null;
  readonly method: string | null;
  readonly path: string | null;
  /** Payload and base as JSON with sorted keys: what is sealed, sent and fingerprinted. */
  readonly body: string;
}

/** What is sealed as an operation's payload record. */
export interface RequestBody {
  readonly payload: Json;
  readonly base?: Json;
}

const TYPE_PATTERN = /^[a-z][A-Za-z0-9]*(\.[a-zA-Z][A-Za-z0-9]*)*$/;
const NAME_LENGTH_MAX = 256;
/** Half a surrogate pair would be lost in UTF-8, and NUL separates the parts of a key. */
const UNFIT_CHARACTERS = /\p{Surrogate}|\0/u;
const FIELDS: ReadonlySet<string> = new Set<keyof SyncRequest>([
  'type',
  'subject',
  'entity',
  'tier',
  'priority',
  'payload',
  'idempotencyKey',
  'expiresAtMs',
  'base',
  'method',
  'path',
]);

/** The default limit of a payload (with its base), in UTF-8 bytes of JSON. */
export const PAYLOAD_BYTES_MAX = 1_048_576;

/**
 * Checks a request of unknown origin and fills in defaults. Nothing is stored before it passed.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE` or `HF_CARD_NUMBER_REFUSED`,
 * each naming the field.
 */
export function checkRequest(
  request: unknown,
  payloadBytesMax = PAYLOAD_BYTES_MAX,
): CheckedRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw invalid('request', 'must be an object');
  }
  for (const field of Object.keys(request)) {
    if (!FIELDS.has(field))
      throw invalid(field, `is not a field of a request; known are ${[...FIELDS].join(', ')}`);
  }
  // Every field is checked below; the cast only gives them names.
  const given = request as { readonly [Field in keyof SyncRequest]: unknown };
  const type = checkText(given.type, 'type');
  if (!TYPE_PATTERN.test(type)) {
    throw invalid('type', 'must be words joined by dots, such as payments.push');
  }
  const body = toBody(given.payload, given.base, payloadBytesMax);
  return {
    type,
    subject: checkText(given.subject, 'subject'),
    entity: checkEntity(given.entity),
    tier: checkOneOf(given.tier, TIERS, 'tier'),
    priority:
      given.priority === undefined ? 'normal' : checkOneOf(given.priority, PRIORITIES, 'priority'),
    idempotencyKey: given.idempotencyKey === undefined ? null : checkKey(given.idempotencyKey),
    expiresAtMs:
      given.expiresAtMs === undefined ? null : checkInstant(given.expiresAtMs, 'expiresAtMs'),
    method: given.method === undefined ? null : checkMethod(given.method),
    path: given.path === undefined ? null : checkText(given.path, 'path', 2048),
    body,
  };
}

/** The inverse of the encoding in {@link CheckedRequest.body}. */
export function parseBody(body: string): RequestBody {
  return JSON.parse(body) as RequestBody;
}

function invalid(field: string, problem: string): HoldfastError {
  return new HoldfastError('HF_REQUEST_INVALID', `${field} ${problem}. Nothing was stored.`, {
    field,
  });
}

function checkText(value: unknown, field: string, lengthMax = NAME_LENGTH_MAX): string {
  if (value === undefined) throw invalid(field, 'is missing');
  if (typeof value !== 'string') throw invalid(field, 'must be a string');
  if (value === '') throw invalid(field, 'must not be empty');
  if (value.length > lengthMax) throw invalid(field, `must have at most ${lengthMax} characters`);
  if (UNFIT_CHARACTERS.test(value)) {
    throw invalid(field, 'must be well-formed text without NUL characters');
  }
  if (findCardNumber(value) !== -1) throw cardRefused(field, 'a card number');
  return value;
}

/** A key travels as an HTTP header (RFC 9110 §5.5), so it must be fit to be one. */
function checkKey(value: unknown): string {
  const key = checkText(value, 'idempotencyKey');
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key)) {
    throw invalid('idempotencyKey', 'must be printable ASCII without spaces around it');
  }
  return key;
}

function checkEntity(value: unknown): Entity | null {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) throw invalid('entity', 'must be { type, id }');
  const entity = value as { type?: unknown; id?: unknown };
  return { type: checkText(entity.type, 'entity.type'), id: checkText(entity.id, 'entity.id') };
}

function checkOneOf<T extends string>(value: unknown, allowed: readonly T[], field: string): T {
  if (value === undefined) throw invalid(field, 'is missing');
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(field, `must be one of ${allowed.join(', ')}`);
  return found;
}

function checkInstant(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(field, 'must be a whole number of milliseconds since 1970');
  }
  return value;
}

function checkMethod(value: unknown): string {
  const method = checkText(value, 'method');
  if (!/^(POST|PUT|PATCH|DELETE|GET)$/.test(method)) {
    throw invalid('method', 'must be POST, PUT, PATCH, DELETE or GET');
  }
  return method;
}

function toBody(payload: unknown, base: unknown, bytesMax: number): string {
  const encodedPayload = encodeField(payload === undefined ? null : payload, 'payload');
  const body =
    base === undefined
      ? `{"payload":${encodedPayload}}`
      : `{"base":${encodeField(base, 'base')},"payload":${encodedPayload}}`;
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so short bodies need no exact count.
  if (body.length * 3 > bytesMax && utf8Length(body) > bytesMax) {
    throw new HoldfastError(
      'HF_PAYLOAD_TOO_LARGE',
      `payload takes more than ${bytesMax} bytes as JSON. Send less, or raise payloadBytesMax. Nothing was stored.`,
      { field: 'payload' },
    );
  }
  return body;
}

function encodeField(value: unknown, field: string): string {
  const text = encodeJson(value, field, 0);
  if (findCardNumber(text) !== -1) throw cardRefused(field, 'a card number');
  if (findSecurityCode(text) !== -1) throw cardRefused(field, "a card's security code");
  return text;
}

function cardRefused(field: string, what: string): HoldfastError {
  return new HoldfastError(
    'HF_CARD_NUMBER_REFUSED',
    `${field} holds what looks like ${what}. Send the token of your payment provider instead. Nothing was stored.`,
    { field },
  );
}

const DEPTH_MAX = 100;

/**
 * JSON with sorted keys, so that equal values have equal texts. Stricter than `JSON.stringify`: what
 * that would change in silence (NaN, a Date, undefined in an array) is refused by name.
 */
function encodeJson(value: unknown, field: string, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(field, 'holds a number that JSON cannot carry');
    return JSON.stringify(value);
  }
  if (depth >= DEPTH_MAX)
    throw invalid(field, `is nested deeper than ${DEPTH_MAX} levels or holds itself`);
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i += 1) {
      if (i > 0) text += ',';
      text += encodeJson(value[i], field, depth + 1);
    }
    return `${text}]`;
  }
  if (typeof value !== 'object' || !isPlainObject(value)) {
    throw invalid(field, `holds ${kindOf(value)}, which JSON cannot carry`);
  }
  let text = '{';
  for (const key of Object.keys(value).toSorted()) {
    const entry = (value as Record<string, unknown>)[key];
    // Left out, as `JSON.stringify` does: an optional field that is not there.
    if (entry === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(key)}:${encodeJson(entry, field, depth + 1)}`;
  }
  return `${text}}`;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null
  );
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const { constructor } = value as { readonly constructor?: unknown };
  return `a ${typeof constructor === 'function' ? constructor.name : 'object of no class'}`;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts 2, which makes the 4 bytes of the pair.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}
