/**
 * Payload, base and removals of a request as JSON with sorted keys, so that equal values have equal texts.
 * Stricter than `JSON.stringify`: what that would change in silence (NaN, a Date, undefined in an
 * array) is refused. The size is counted while the text is made, so that what is too large costs
 * little, and card data is looked for in each value as it is written (CF-7, OP-9).
 *
 * @module
 */

import { HoldfastError, type ValuePath } from '../../vocabulary/errors.ts';
import { type Pieces, Work } from '../../vocabulary/pieces.ts';
import type { Confirmation, Maker, RecordMeta, Tombstone } from '../../vocabulary/record.ts';
import {
  isPlainObject,
  JSON_DEPTH_MAX,
  type Json,
  namesInOrder,
  utf8Length,
} from '../../vocabulary/shape.ts';
import {
  type CardContext,
  type CardDatum,
  cardDatumInLeaf,
  cardDatumInPieces,
  contextOfField,
  mayHoldCard,
  NO_CARD,
} from './cardData.ts';

/** The default limit of a payload (with its base and removals), in UTF-8 bytes of JSON. */
export const PAYLOAD_BYTES_MAX = 1_048_576;

/** Characters of the shortest field, with the comma after it but for the last: `"":1`. */
const FIELD_UNITS_MIN = 4;

/** What is sealed as an operation's payload record. */
export interface RequestBody {
  readonly payload: Json;
  readonly base?: Json;
  /** In place of the payload, on the way from a client to the owner alone. */
  readonly changes?: Json;
  /** Removals in an edit that a person has confirmed. */
  readonly removals?: readonly Tombstone[];
  /** Confirmations in an edit: what its person means, so that nobody is asked about it. */
  readonly confirm?: readonly Confirmation[];
  /** Merged body of an edit that was compared with its record, sent in place of the payload (CF-1). */
  readonly merged?: MergedBody;
  /** True of an edit that carries out what a person has decided: the app knows nothing of it (CF-6). */
  readonly isDecision?: true;
  /** The conflict that such an edit decides. */
  readonly decides?: string;
  /** Parts of a crisis that broke a rule of requests: left out, masked, cut or set to their default (CR-4). */
  readonly leftOut?: readonly string[];
}

/** For which edits of its record a decision holds beside the one that waited for it. */
export interface DecisionHolds {
  /** JSON Pointers of what was decided. */
  readonly paths: readonly string[];
  /** The ids of their operations. */
  readonly edits: readonly string[];
}

/** The body that an edit is sent as. The app's own is kept beside it, unchanged. */
export interface MergedBody {
  readonly payload: Json;
  /** The validator of the version that it was made on; `null` where the upstream has given none. */
  readonly version: string | null;
  /** True: the upstream is to have no such record. */
  readonly absent?: true;
  /** How often it was made anew after a definite conflict. */
  readonly round: number;
  readonly meta: RecordMeta;
  /** How many bytes of {@link meta} may travel, where that is less than it takes in full. */
  readonly metaBytesMax?: number;
  /** How much of what is known did not find room in {@link meta}: removals and devices; absent for none. */
  readonly untold?: number;
  /** The value that it is to be compared with when the upstream turns out to hold another; absent where none is known. */
  readonly ancestor?: Json;
  /** The maker of what is in it beside the edit; absent where there is nothing. */
  readonly others?: Maker;
  /** How often in a row it went out on one version that had just been read; left out for 0. */
  readonly sentAsRead?: number;
  /** True: a person has decided that it is this, whatever the app gave. */
  readonly isDecided?: true;
  /** Edits behind a decided one that the person has seen, and what is decided for them too. */
  readonly holds?: DecisionHolds;
}

/** The parts of a request of unknown origin that make its body; of the removals the fields are checked already. */
export interface GivenBody {
  readonly payload: unknown;
  readonly base?: unknown;
  /** In place of the payload, as long as nobody has made that of them who knows the rules of the entity. */
  readonly changes?: unknown;
  readonly removals?: unknown;
  readonly confirm?: unknown;
}

export interface BodyRules {
  readonly bytesMax: number;
  /** Whether card data may stand at a path that begins with `payload`, `base` or `removals`. */
  readonly isExempt: (path: ValuePath) => boolean;
  /**
   * Gets the search for card data in what is large, for later: nothing may be kept of the body before that has ended.
   * It throws as the rest does. Left out: all is searched at once.
   */
  readonly searchesLater?: ((search: Pieces<void>) => void) | undefined;
}

/** The text of a body; {@link parseBody} is the inverse. */
export function encodeBody(
  { payload, base, changes, removals, confirm }: GivenBody,
  rules: BodyRules,
): string {
  const encoder = new Encoder(rules);
  const encodedPayload = encoder.encode(payload === undefined ? null : payload, 'payload');
  const before = base === undefined ? '' : `"base":${encoder.encode(base, 'base')},`;
  const after = removals === undefined ? '' : `,"removals":${encoder.encode(removals, 'removals')}`;
  const meant = confirm === undefined ? '' : `"confirm":${encoder.encode(confirm, 'confirm')},`;
  const patch = changes === undefined ? '' : `"changes":${encoder.encode(changes, 'changes')},`;
  const body = `{${before}${patch}${meant}"payload":${encodedPayload}${after}}`;
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so short bodies need no exact count.
  if (body.length * 3 > rules.bytesMax && utf8Length(body) > rules.bytesMax) {
    throw tooLarge(rules.bytesMax);
  }
  if (encoder.later.length > 0) rules.searchesLater?.(encoder.searchInPieces());
  return body;
}

/** The body with a note for who reads the crisis: what is not as it was given. */
export function withNote(body: string, leftOut: readonly string[]): string {
  return leftOut.length === 0 ? body : `{"leftOut":${JSON.stringify(leftOut)},${body.slice(1)}`;
}

/** The body as that of a decision about a conflict. */
export function asDecision(body: string, conflictId: string): string {
  return `{"decides":${JSON.stringify(conflictId)},"isDecision":true,${body.slice(1)}`;
}

/** The body with what it is sent as, in place of what that was before; `null` for as the app gave it. */
export function withMerged(body: string, merged: MergedBody | null): string {
  const { merged: _, ...given } = parseBody(body);
  return JSON.stringify(merged === null ? given : { merged, ...given });
}

export function parseBody(body: string): RequestBody {
  return JSON.parse(body) as RequestBody;
}

/** A text that is searched later, with its place. */
interface Searched {
  readonly text: string;
  readonly context: CardContext;
  readonly field: string;
  readonly path: ValuePath;
  readonly root: unknown;
}

/** An object or array that is being written. */
interface Level {
  readonly holder: object;
  /** The one around it. */
  readonly outer: Level | null;
  readonly depth: number;
  /** The name or number of its value that is being written. */
  step: string | number;
}

/** So many characters of a body are searched at once. */
const AT_ONCE_MAX = 16_384;

class Encoder {
  readonly #rules: BodyRules;
  /** Room left at the start of the field that is being written, in UTF-16 units, each of which takes a byte or more. */
  #room: number;
  /** Fields that may still be read; those that are undefined take no room. */
  #namesLeft: number;
  #field = '';
  /** Text of that field, as far as it is written. */
  #text = '';
  /** Characters that were searched for card data. */
  #searched = 0;
  /** Texts that are searched later. */
  readonly later: Searched[] = [];
  #root: unknown;
  /** The innermost object or array that is being written; `null` outside all of them. */
  #level: Level | null = null;

  constructor(rules: BodyRules) {
    this.#rules = rules;
    this.#room = rules.bytesMax;
    this.#namesLeft = Math.max(rules.bytesMax, PAYLOAD_BYTES_MAX);
  }

  encode(value: unknown, field: keyof GivenBody): string {
    this.#field = field;
    this.#root = value;
    this.#text = '';
    this.#value(value, NO_CARD);
    this.#room -= this.#text.length;
    return this.#text;
  }

  #value(value: unknown, context: CardContext): void {
    if (typeof value === 'string') {
      if (this.#text.length + value.length > this.#room) throw tooLarge(this.#rules.bytesMax);
      this.#text += JSON.stringify(value);
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw this.#invalid('holds a number that JSON cannot carry');
      this.#text += String(value);
    } else if (value === null || typeof value === 'boolean') this.#text += String(value);
    else this.#holder(value, context);
    if (this.#text.length > this.#room) throw tooLarge(this.#rules.bytesMax);
    const isSearched =
      (typeof value === 'string' || typeof value === 'number') && mayHoldCard(value, context);
    if (isSearched) this.#search(String(value), context);
  }

  #holder(value: unknown, context: CardContext): void {
    const outer = this.#level;
    for (let level = outer; level !== null; level = level.outer) {
      if (level.holder === value) throw this.#tooDeep();
    }
    const depth = outer === null ? 1 : outer.depth + 1;
    if (depth > JSON_DEPTH_MAX) throw this.#tooDeep();
    const isList = Array.isArray(value);
    if (!isList && !(typeof value === 'object' && isPlainObject(value as object))) {
      throw this.#invalid(`holds ${kindOf(value)}, which JSON cannot carry`);
    }
    const level: Level = { holder: value as object, outer, depth, step: 0 };
    this.#level = level;
    if (isList) this.#array(value, level, context);
    else this.#object(value as Record<string, unknown>, level, context);
    this.#level = outer;
  }

  #array(items: readonly unknown[], level: Level, context: CardContext): void {
    // An item takes a character and what parts it from the next; refused before the first is read.
    this.#need(2 * items.length);
    this.#text += '[';
    for (let i = 0; i < items.length; ) {
      if (i > 0) this.#text += ',';
      const from = i;
      while (i < items.length && isPlainLeaf(items[i], context)) i += 1;
      if (i > from) {
        // Written natively, what lies within its commas and brackets is there already.
        this.#text += JSON.stringify(items.slice(from, i)).slice(1, -1);
        this.#need(0);
        continue;
      }
      level.step = i;
      this.#value(items[i], context);
      i += 1;
    }
    this.#text += ']';
  }

  #object(fields: Record<string, unknown>, level: Level, context: CardContext): void {
    const names = Object.keys(fields);
    this.#namesLeft -= names.length;
    if (this.#namesLeft < 0) throw tooLarge(this.#rules.bytesMax);
    // Before they are put in order, which would take long.
    if (names.length * FIELD_UNITS_MIN > this.#room - this.#text.length)
      this.#refuseTooMany(fields, names);
    this.#text += '{';
    let comma = '';
    const ordered = namesInOrder(names);
    for (let at = 0; at < ordered.length; at += 1) {
      const name = String(ordered[at]);
      const field = fields[name];
      // Left out, as `JSON.stringify` does: an optional field that is not there.
      if (field === undefined) continue;
      if (this.#text.length + name.length > this.#room) throw tooLarge(this.#rules.bytesMax);
      this.#text += `${comma}${JSON.stringify(name)}:`;
      comma = ',';
      level.step = name;
      if (mayHoldCard(name, NO_CARD)) this.#search(name, NO_CARD);
      this.#value(field, contextOfField(name, names, context));
    }
    this.#text += '}';
  }

  #refuseTooMany(fields: Record<string, unknown>, names: readonly string[]): void {
    let units = 0;
    for (const name of names) {
      if (fields[name] === undefined) continue;
      units += FIELD_UNITS_MIN;
      this.#need(units);
    }
  }

  /** Refuses what would take more than so many units beside what is written. */
  #need(units: number): void {
    if (this.#text.length + units > this.#room) throw tooLarge(this.#rules.bytesMax);
  }

  /** What was put off. Texts never change, so that it finds what was there when they were written. */
  *searchInPieces(): Pieces<void> {
    const work = new Work();
    for (const { text, context, field, path, root } of this.later) {
      const datum = yield* cardDatumInPieces(text, context, work);
      if (datum === null || this.#rules.isExempt([field, ...path])) continue;
      throw cardRefused(field, datum, placeOf(root, field, path));
    }
  }

  #search(text: string, context: CardContext): void {
    if (this.#rules.searchesLater === undefined || this.#searched + text.length < AT_ONCE_MAX) {
      this.#searched += text.length;
      const datum = cardDatumInLeaf(text, context);
      if (datum !== null) this.#refuseCard(datum);
      return;
    }
    const path = this.#path();
    this.later.push({ text, context, field: this.#field, path, root: this.#root });
  }

  /** Where the value that is being written stands in its field. */
  #path(): ValuePath {
    const path: (string | number)[] = [];
    for (let level = this.#level; level !== null; level = level.outer) path.unshift(level.step);
    return path;
  }

  #refuseCard(datum: CardDatum): void {
    if (this.#rules.isExempt([this.#field, ...this.#path()])) return;
    throw cardRefused(this.#field, datum, this.#place());
  }

  #invalid(problem: string): HoldfastError {
    const place = this.#place();
    return invalidField(this.#field, `${problem}${place.words}`, place.at);
  }

  #tooDeep(): HoldfastError {
    return invalidField(
      this.#field,
      `is nested deeper than ${JSON_DEPTH_MAX} levels or holds itself`,
    );
  }

  #place(): Place {
    return placeOf(this.#root, this.#field, this.#path());
  }
}

/** Whether a value is written as it is, whatever its place: most values of a large body are. */
function isPlainLeaf(value: unknown, context: CardContext): value is number | boolean | null {
  if (typeof value === 'number') return Number.isFinite(value) && !mayHoldCard(value, context);
  return value === null || typeof value === 'boolean';
}

/** Place of a value in a field: in words that repeat no name, and by name. */
export interface Place {
  /** Empty for the field itself. */
  readonly words: string;
  readonly at: ValuePath;
}

/** The place of a whole field. */
export function wholeField(field: string): Place {
  return { words: '', at: field.split('.') };
}

/** Names in a payload may be health data, which no message holds (SE-5): fields are counted. */
export function placeOf(root: unknown, field: string, path: ValuePath): Place {
  let holder = root;
  const words: string[] = [];
  for (const step of path) {
    if (typeof step === 'number') {
      words.push(`item ${step + 1}`);
      holder = Array.isArray(holder) ? holder[step] : undefined;
      continue;
    }
    const fields = (holder ?? {}) as Record<string, unknown>;
    const index = Object.keys(fields).indexOf(step);
    words.push(index === -1 ? 'a field that is missing' : `field ${index + 1}`);
    holder = fields[step];
  }
  return { words: words.length === 0 ? '' : ` (${words.join(', ')})`, at: [field, ...path] };
}

export function invalidField(field: string, problem: string, at?: ValuePath): HoldfastError {
  return new HoldfastError('HF_REQUEST_INVALID', `${field} ${problem}. Nothing was stored.`, {
    field,
    at,
  });
}

export function cardRefused(field: string, datum: CardDatum, { words, at }: Place): HoldfastError {
  return new HoldfastError(
    'HF_CARD_NUMBER_REFUSED',
    `${field} holds what looks like ${datum}${words}. Send the token of your payment provider instead; ` +
      'where it is something else, name its field in cardDataExempt of the handler. Nothing was stored.',
    { field, at },
  );
}

function tooLarge(bytesMax: number): HoldfastError {
  return new HoldfastError(
    'HF_PAYLOAD_TOO_LARGE',
    `payload takes more than ${bytesMax} bytes as JSON. Send less, or raise payloadBytesMax. Nothing was stored.`,
    { field: 'payload' },
  );
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const { constructor } = value as { readonly constructor?: unknown };
  return `a ${typeof constructor === 'function' ? constructor.name : 'object of no class'}`;
}
