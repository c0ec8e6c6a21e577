/**
 * A sync request and the rules it must meet before it is accepted (OP-9, UX-2, CF-7).
 *
 * @module
 */

import type { HoldfastError, ValuePath } from '../../vocabulary/errors.ts';
import { nearestName } from '../../vocabulary/optionFields.ts';
import type { Pieces } from '../../vocabulary/pieces.ts';
import type { Confirmation, EditBase, Entity, Tombstone } from '../../vocabulary/record.ts';
import type { Json } from '../../vocabulary/shape.ts';
import {
  DEFAULT_TIER,
  isTierName,
  NO_OWN_TIERS,
  type OwnTiers,
  PRIORITIES,
  type Priority,
  TIERS,
  type Tier,
  type Tiered,
  type TierName,
  tierNamed,
} from '../../vocabulary/urgency.ts';
import { cardDatumInText, mayHoldCard, NO_CARD } from './cardData.ts';
import { checkEdit, REMOVALS_MAX } from './editRequest.ts';
import { type JsonPatchOperation, patched, type TakenOut } from './jsonPatch.ts';
import { fittedPayload, type PayloadSchema, withStripped } from './payloadSchema.ts';
import {
  type BodyRules,
  cardRefused,
  encodeBody,
  type GivenBody,
  invalidField as invalid,
  PAYLOAD_BYTES_MAX,
  parseBody,
  wholeField,
} from './requestBody.ts';

/** How many a request may have. Each is an entry of an index. */
const TAGS_MAX = 8;
const TAG_LENGTH_MAX = 64;
const NO_TAGS: readonly string[] = [];

/**
 * The tags of a request: short texts of the app by which its operations are found again (OP-12).
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` naming the tag by its place, and what {@link checkText} throws.
 */
function checkTags(value: unknown, isExempt: IsExempt): readonly string[] {
  if (!Array.isArray(value)) throw invalid('tags', 'must be a list of texts');
  if (value.length > TAGS_MAX) throw invalid('tags', `must be at most ${TAGS_MAX}`);
  const tags = value.map((tag, at) => checkText(tag, `tags[${at}]`, isExempt, TAG_LENGTH_MAX));
  const repeated = tags.findIndex((tag, at) => tags.indexOf(tag) !== at);
  if (repeated !== -1) throw invalid(`tags[${repeated}]`, 'is there already');
  return tags;
}

/** What an app hands to `runtime.sync()`. */
export interface SyncRequest {
  /** Which handler performs it, in dot.case: `payments.push`. */
  readonly type: string;
  /** The person the data is about; an opaque id of the app. */
  readonly subject: string;
  /** What it changes; operations of one entity run in order. Left out: it has no lane. */
  readonly entity?: Entity | undefined;
  /** What the subject pays for: `premium`, `basic`, `trial` or one of the option `tiers`. Left out: the runtime's `defaultTier`. */
  readonly tier?: TierName | undefined;
  /** Default `normal`. `crisis` is for `runtime.crisis()`, which also answers. */
  readonly priority?: Priority | undefined;
  /** Anything JSON can carry, up to the payload limit; an interface will do. */
  readonly payload?: Json | object | undefined;
  /** Makes a repeat of this request find the first. Left out: a random one. At most 256 characters. */
  readonly idempotencyKey?: string | undefined;
  /**
   * When to give up, in milliseconds since the epoch. A time that is over is refused; with an
   * `idempotencyKey`, which may be that of an earlier request, it ends as `expired` and never runs. A crisis
   * never gives up: it is left out.
   */
  readonly expiresAtMs?: number | undefined;
  /**
   * Before when not to begin, in milliseconds since the epoch, by the wall clock; one that is over means at
   * once. It is accepted and durable now, and holds its place in its entity's lane: those accepted after it
   * wait for it. `retryNow()` begins it at once, `cancel()` ends it. Has to lie before `expiresAtMs`; no part
   * of what a repeat is recognised by. A crisis never waits: it is left out.
   */
  readonly startAtMs?: number | undefined;
  /**
   * At most 8 different texts of at most 64 characters by which operations are found: `runtime.operations.list({ tag })`.
   * No part of what a repeat is recognised by; a crisis has none.
   */
  readonly tags?: readonly string[] | undefined;
  /**
   * The version of the entity that this change was made on; the handler gets it. Where the handler of the type has
   * `conflicts`: what `entities.get()` gave as `base` with what was shown, or `sync()` with the edit that this one goes
   * on from; both tell what the changes are. Or the validator of the version as the upstream gave it: then the changes
   * are known only where this store still knows that version. Two edits on one version are put together.
   */
  readonly base?: Json | EditBase<Json | object> | undefined;
  /**
   * What a person has said yes to having removed from the entity: what is missing in a payload is not removed by
   * that (CF-7). Only where the handler of the type has `conflicts`; at most 256, each with a path of at most 1024
   * characters, `by` of 256 and `reason` of 1000.
   *
   * @example
   * removals: [{ path: '/contacts/c2', confirmed: true, by: 'p-17', at: Date.now() }]
   */
  readonly removals?: readonly Tombstone[] | undefined;
  /**
   * In place of `payload`: what the edit changes of the value of `base`, as JSON Patch (RFC 6902). A `remove`, or a `move`
   * out of a list, counts as a removal, and has `by`, the id of who confirmed it, where the rules of the entity take
   * nothing out without that. What a `replace` leaves out is not removed. Only where the handler of the type has
   * `conflicts`; at most 1024 operations.
   *
   * @example
   * const known = await runtime.entities.get(entity);
   * const changes = [
   *   { op: 'replace', path: '/note', value: 'Sleeps better.' },
   *   { op: 'remove', path: '/emergencyContacts/1', by: 'p-17' },
   * ] as const;
   * await runtime.sync({ type: 'plans.put', subject: 'user-42', entity, changes, base: known?.base });
   */
  readonly changes?: readonly JsonPatchOperation[] | undefined;
  /**
   * What the person who makes the edit means, knowing that its entity's rules would ask about it: questions about a path
   * and what is below it are answered with what the edit says, and that is kept as a decision. Where somebody else has
   * written there meanwhile, it is asked about all the same. Only where the handler of the type has `conflicts`; at most
   * 256, each with a path of at most 1024 characters, `by` of 256 and `reason` of 1000.
   *
   * @example
   * confirm: [{ path: '/consents/research', by: 'p-17', reason: 'withdrawn on the phone' }]
   */
  readonly confirm?: readonly Confirmation[] | undefined;
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
  readonly tier: TierName;
  /** The built-in tier that an own one is like; absent for a built-in one, and where the tiers are not known. */
  readonly like?: Tier | undefined;
  readonly priority: Priority;
  readonly idempotencyKey: string | null;
  readonly expiresAtMs: number | null;
  readonly startAtMs: number | null;
  readonly tags: readonly string[];
  readonly method: string | null;
  readonly path: string | null;
  /** Payload, base and removals as JSON with sorted keys: what is sealed, sent and fingerprinted. */
  readonly body: string;
  /** True for a crisis that is a trial run: nobody is in danger. */
  readonly isTest?: true | undefined;
}

const TYPE_PATTERN = /^[a-z][\w-]*(\.[a-zA-Z][\w-]*)*$/;
const NAME_LENGTH_MAX = 256;
const PATH_LENGTH_MAX = 2048;
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
  'startAtMs',
  'tags',
  'base',
  'removals',
  'changes',
  'confirm',
  'method',
  'path',
]);

/** Whether card data may stand at a path. */
type IsExempt = (path: ValuePath) => boolean;

/** Which card data a type's handler exempts; asked once the type is known. */
export type ExemptionsOf = (type: string) => IsExempt;

/** The schema of a type's payloads, where its handler has one. */
export type SchemaOf = (type: string) => PayloadSchema | undefined;

/** What requests are checked by beside the rules for all. */
export interface RequestRules {
  /** Bytes of the body as JSON, at most. */
  readonly payloadBytesMax?: number | undefined;
  /** Gets the search for card data in a large body, for later, as in `BodyRules`. */
  readonly searchesLater?: ((search: Pieces<void>) => void) | undefined;
  readonly exemptionsOf?: ExemptionsOf | undefined;
  readonly schemaOf?: SchemaOf | undefined;
  /** Whether requests of a type are edits of a merged record: its handler has `conflicts`. Left out: nobody knows. */
  readonly isEdited?: ((type: string) => boolean) | undefined;
  /** Whether records of an entity are known to be objects. Left out: nobody knows. */
  readonly isDeclared?: ((entityType: string) => boolean) | undefined;
  /** By the rules of an entity, what is taken out of its record. Left out: nobody knows, and `changes` go on as they are. */
  readonly takenOutOf?: ((entityType: string) => TakenOut) | undefined;
  /** Tier of requests that name none. Default {@link DEFAULT_TIER}. */
  readonly defaultTier?: TierName | undefined;
  /** The app's own tiers. Default: none. `unknown` where another process knows them: then any name will do. */
  readonly tiers?: OwnTiers | 'unknown' | undefined;
}

/**
 * Checks a request of unknown origin and fills in defaults. Nothing is stored before it passed.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE` or `HF_CARD_NUMBER_REFUSED`,
 * each naming the field.
 */
export function checkRequest(
  request: unknown,
  {
    payloadBytesMax = PAYLOAD_BYTES_MAX,
    searchesLater: later,
    exemptionsOf = () => () => false,
    schemaOf = () => undefined,
    isEdited,
    isDeclared,
    takenOutOf,
    defaultTier = DEFAULT_TIER,
    tiers = NO_OWN_TIERS,
  }: RequestRules = {},
  searchesLater: RequestRules['searchesLater'] = later,
): CheckedRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw invalid('request', 'must be an object');
  }
  const names = Object.keys(request);
  for (let at = 0; at < names.length; at += 1) {
    const name = String(names[at]);
    if (!FIELDS.has(name)) throw unknownField(name, at);
  }
  // Every field is checked below; the cast only gives them names.
  const given = request as { readonly [Field in keyof SyncRequest]-?: unknown };
  const type = checkType(given.type);
  // Asked only where something is found.
  const isExempt: IsExempt = (path) => exemptionsOf(type)(path);
  const { base, confirm } = given;
  const expiresAtMs =
    given.expiresAtMs === undefined ? null : checkInstant(given.expiresAtMs, 'expiresAtMs');
  const schema = schemaOf(type);
  // A crisis is no edit, whatever it changes: nothing may refuse it or hold it up.
  const isEdit = given.priority === 'crisis' ? null : (isEdited?.(type) ?? null);
  checkEdit(given, isEdit, isDeclared);
  const entity = given.entity === undefined ? null : checkEntity(given.entity, isExempt);
  const bodyRules = { bytesMax: payloadBytesMax, isExempt, searchesLater };
  const edit: GivenBody =
    given.changes === undefined || takenOutOf === undefined
      ? given
      : withoutChanges(given, takenOutOf(entity?.type ?? ''), bodyRules);
  const { removals, changes } = edit;
  let { payload } = edit;
  if (schema !== undefined && changes === undefined) {
    const fitted = fittedPayload(schema, payload);
    const before = (base as { readonly value?: unknown } | null | undefined)?.value;
    payload = isEdit === true ? withStripped(payload, fitted, before) : fitted;
  }
  const subject = checkText(given.subject, 'subject', isExempt);
  const { tier, like } = checkTier(given.tier === undefined ? defaultTier : given.tier, tiers);
  const checked: CheckedRequest = {
    type,
    subject,
    entity,
    tier,
    priority:
      given.priority === undefined ? 'normal' : checkOneOf(given.priority, PRIORITIES, 'priority'),
    idempotencyKey:
      given.idempotencyKey === undefined ? null : checkKey(given.idempotencyKey, isExempt),
    expiresAtMs,
    startAtMs: given.startAtMs === undefined ? null : checkStart(given.startAtMs, expiresAtMs),
    tags: given.tags === undefined ? NO_TAGS : checkTags(given.tags, isExempt),
    method: given.method === undefined ? null : checkMethod(given.method),
    path: given.path === undefined ? null : checkPath(given.path, isExempt),
    body: encodeBody({ payload, base, changes, removals, confirm }, bodyRules),
  };
  return like === undefined ? checked : { ...checked, like };
}

function notSearched(): void {
  // Nothing of it is kept.
}

/** The same edit as a whole record, made of its `changes`. What they are made of is JSON by then. */
function withoutChanges(
  given: Omit<GivenBody, 'payload'>,
  takenOut: TakenOut,
  rules: BodyRules,
): GivenBody {
  const { base: of, removals: named } = given;
  // Where card data may stand is judged by what comes of it.
  const isExempt = (): boolean => true;
  const asGiven = { payload: null, base: of, changes: given.changes };
  const text = encodeBody(asGiven, { ...rules, isExempt, searchesLater: notSearched });
  const { base, changes } = parseBody(text);
  const { value } = base as unknown as { readonly value: Json };
  const { value: payload, removals } = patched(value, changes, takenOut);
  if (removals.length === 0) return { payload, removals: named };
  const all = [...((named ?? []) as readonly Tombstone[]), ...removals];
  if (all.length > REMOVALS_MAX) throw invalid('changes', `take out more than ${REMOVALS_MAX}`);
  return { payload, removals: all };
}

/**
 * Refuses what has expired before it came. One with a key may be a request that was accepted in time and is
 * sent again: it is left to the store, which finds that one, or ends this one before it runs.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID`.
 */
export function refuseExpired(
  {
    expiresAtMs,
    idempotencyKey,
    priority,
  }: Pick<CheckedRequest, 'expiresAtMs' | 'idempotencyKey' | 'priority'>,
  nowMs: number,
): void {
  // A crisis never expires: its time is left out.
  if (priority === 'crisis') return;
  if (expiresAtMs === null || expiresAtMs > nowMs || idempotencyKey !== null) return;
  throw invalid(
    'expiresAtMs',
    'is over already; give an instant to come, in milliseconds since 1970',
  );
}

/** What a type may be named, for a request and for the handler that is to perform it. */
export function isTypeName(type: unknown): type is string {
  return typeof type === 'string' && type.length <= NAME_LENGTH_MAX && TYPE_PATTERN.test(type);
}

/** The message does not repeat the name: an app that builds requests from records may have put data there. */
function unknownField(name: string, index: number): HoldfastError {
  const nearest = nearestName(name, [...FIELDS]);
  const hint = nearest === null ? '.' : `; did you mean ${nearest}?`;
  return invalid(
    'request',
    `has a field that is not known, the one at place ${index + 1}${hint} Known are ${[...FIELDS].join(', ')}`,
    [name],
  );
}

function checkType(value: unknown): string {
  if (isTypeName(value)) return value;
  checkText(value, 'type', null);
  throw invalid(
    'type',
    'must be words of letters, digits, - and _ joined by dots, each beginning with a letter and the first with a lower-case one, such as payments.push',
  );
}

function refuseCard(text: string, field: string, isExempt: IsExempt): void {
  const datum = cardDatumInText(text);
  if (datum === null) return;
  const place = wholeField(field);
  if (!isExempt(place.at)) throw cardRefused(field, datum, place);
}

/**
 * @param isExempt `null` for a text in which card data is not looked for
 * @throws HoldfastError `HF_REQUEST_INVALID` for what is no text that a key can be made of; `HF_CARD_NUMBER_REFUSED`.
 */
export function checkText(
  value: unknown,
  field: string,
  isExempt: IsExempt | null,
  lengthMax = NAME_LENGTH_MAX,
): string {
  if (value === undefined) throw invalid(field, 'is missing');
  if (typeof value !== 'string') throw invalid(field, 'must be a string');
  if (value === '') throw invalid(field, 'must not be empty');
  if (value.length > lengthMax) throw invalid(field, `must have at most ${lengthMax} characters`);
  if (UNFIT_CHARACTERS.test(value)) {
    throw invalid(field, 'must be well-formed text without NUL characters');
  }
  if (isExempt !== null && mayHoldCard(value, NO_CARD)) refuseCard(value, field, isExempt);
  return value;
}

/** A key travels as an HTTP header (RFC 9110 §5.5), so it must be fit to be one. */
function checkKey(value: unknown, isExempt: IsExempt): string {
  const key = checkText(value, 'idempotencyKey', isExempt);
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key)) {
    throw invalid('idempotencyKey', 'must be printable ASCII without spaces around it');
  }
  return key;
}

/** @throws HoldfastError `HF_REQUEST_INVALID` for what is no `{ type, id }`, and what {@link checkText} throws. */
export function checkEntity(value: unknown, isExempt: IsExempt | null): Entity {
  if (typeof value !== 'object' || value === null) throw invalid('entity', 'must be { type, id }');
  const entity = value as { type?: unknown; id?: unknown };
  return {
    type: checkText(entity.type, 'entity.type', isExempt),
    id: checkText(entity.id, 'entity.id', isExempt),
  };
}

function checkOneOf<T extends string>(value: unknown, allowed: readonly T[], field: string): T {
  if (value === undefined) throw invalid(field, 'is missing');
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(field, `must be one of ${allowed.join(', ')}`);
  return found;
}

function checkTier(value: unknown, own: OwnTiers | 'unknown'): Tiered {
  if (own === 'unknown') {
    if (!isTierName(value)) throw invalid('tier', 'must be the name of a tier');
    return { tier: value };
  }
  const tier = typeof value === 'string' ? tierNamed(value, own) : undefined;
  if (tier === undefined)
    throw invalid('tier', `must be one of ${[...TIERS, ...own.keys()].join(', ')}`);
  return tier;
}

function checkInstant(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(field, 'must be a whole number of milliseconds since 1970');
  }
  return value;
}

function checkStart(value: unknown, expiresAtMs: number | null): number {
  const startAtMs = checkInstant(value, 'startAtMs');
  if (expiresAtMs !== null && startAtMs >= expiresAtMs) {
    throw invalid('startAtMs', 'must be before expiresAtMs, or it would expire before it begins');
  }
  return startAtMs;
}

function checkMethod(value: unknown): string {
  const method = checkText(value, 'method', null);
  if (!/^(POST|PUT|PATCH|DELETE|GET)$/.test(method)) {
    throw invalid('method', 'must be POST, PUT, PATCH, DELETE or GET');
  }
  return method;
}

function checkPath(value: unknown, isExempt: IsExempt): string {
  const path = checkText(value, 'path', isExempt, PATH_LENGTH_MAX);
  const problem = pathProblem(path);
  if (problem !== null) {
    throw invalid(
      'path',
      `${problem}; give one below the base URL of the upstream, such as payments/push`,
    );
  }
  return path;
}

// What the path of a request may be. It comes from outside, so it must not lead out of the base URL
// it is put below, nor mean one thing to a proxy and another to the server behind it (OP-9, SE-5).

/** What is wrong with a path, as the end of a sentence; `null` when nothing is. */
export function pathProblem(path: string): string | null {
  if (/[^!-~]|[\\#]/.test(path)) {
    return 'must be printable ASCII without spaces, backslashes and fragments';
  }
  const relative = path.startsWith('/') ? path.slice(1) : path;
  if (relative.startsWith('/')) return 'must not name a host';
  if (/^[a-z][a-z\d+.-]*:/i.test(relative)) return 'must not be an absolute URL';
  if (/%(?![\da-f]{2})/i.test(relative)) return 'must write % as %25';
  if (/%[01][\da-f]|%7f/i.test(relative)) return 'must not hold control characters';
  const [pathname = ''] = relative.split('?', 1);
  if (/%5c/i.test(pathname)) return 'must not hold an encoded backslash';
  if (/%25[\da-f]{2}/i.test(pathname)) return 'must not be percent-encoded twice';
  // Some servers take an encoded slash for one, and look at a segment without what follows a `;`.
  const segments = pathname.split(/\/|%2f/i);
  if (segments.some(isDots)) return "must not hold '.' or '..'";
  if (segments.slice(0, -1).includes('') || /%2f$/i.test(pathname)) {
    return 'must not hold two slashes in a row, or end in an encoded one';
  }
  return null;
}

function isDots(segment: string): boolean {
  return /^(?:\.|%2e){1,2}(?:;|%3b|$)/i.test(segment);
}
