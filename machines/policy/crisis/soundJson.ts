/**
 * What of a value can be kept, as JSON (CR-4, CF-7): card data is masked, what JSON can't carry or
 * nobody can read gives way to a mark in its place, and what is too large is cut. It never throws, whatever
 * the value does when it is read, and it is read in pieces of a few milliseconds, whatever it holds (CR-1).
 *
 * @module
 */

import { isBinary, isDate, type ValuePath } from '../../vocabulary/errors.ts';
import type { Pieces } from '../../vocabulary/pieces.ts';
import {
  isPlainObject,
  JSON_DEPTH_MAX,
  type Json,
  namesInOrder,
  utf8Length,
} from '../../vocabulary/shape.ts';
import {
  type CardContext,
  contextOfField,
  maskLeaf,
  maskText,
  NAMES_MAX,
  NO_CARD,
  namesNear,
  WINDOW,
  windowOf,
} from '../request/cardData.ts';

/** What may be wrong with a part of a value; the words follow the name of the request's field. */
export type Flaw = 'card data masked' | 'cut to fit' | 'not JSON' | 'not readable';

export interface SoundRules {
  /** For its JSON, in UTF-8 bytes. */
  readonly bytesMax: number;
  /**
   * Whether card data may stand at a path that begins with the name of the request's field; `null` where
   * somebody else looks for it.
   */
  readonly isExempt: ((path: ValuePath) => boolean) | null;
  /** Names of the value itself that are not its own. */
  readonly skipped?: ReadonlySet<string> | undefined;
}

export interface SoundJson {
  /** JSON with the names of each object in order, so that equal values have equal texts. */
  readonly text: string;
  /** Bytes of the text in UTF-8. */
  readonly bytes: number;
  /** What was done to it, each once. */
  readonly flaws: readonly Flaw[];
}

/** Mark in place of what can't be kept. */
export const LEFT_OUT = '[left out]';
/** Mark at the end of a text that was cut. */
const CUT = '…';
/** The longest text and list when a value that is too large is cut as short as it ever is. */
const PIECE_MIN = 16;
/** A value that is too large is tried again with pieces so many times shorter. */
const SHORTER = 8;
/** Beyond it, writing a whole number in decimal digits takes long. */
const WHOLE_MAX = 10n ** 40n;
/** Work before it yields, in characters searched; a value counts for some by being there. */
const WORK_MAX = 16_384;
const WORK_OF_VALUE = 24;
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The value as far as it can be kept, its field named `field` in the request. It may change between two pieces:
 * then of either something is kept.
 */
export function* soundJsonInPieces(
  value: unknown,
  field: string,
  rules: SoundRules,
): Pieces<SoundJson> {
  const listed = new Map<object, readonly string[]>();
  for (
    let pieceMax = rules.bytesMax;
    pieceMax > PIECE_MIN;
    pieceMax = Math.floor(pieceMax / SHORTER)
  ) {
    const whole = yield* new Reader(field, rules, pieceMax, listed, false).read(value);
    if (whole !== null) return whole;
    yield;
  }
  // With the shortest pieces it takes as many as there is room for.
  const last = yield* new Reader(field, rules, PIECE_MIN, listed, true).read(value);
  return last ?? { text: 'null', bytes: 4, flaws: ['cut to fit'] };
}

class Reader {
  readonly #isExempt: SoundRules['isExempt'];
  readonly #skipped: ReadonlySet<string>;
  readonly #pieceMax: number;
  readonly #mayEndEarly: boolean;
  readonly #flaws = new Set<Flaw>();
  readonly #path: (string | number)[];
  /** The objects and lists that the path goes through. */
  readonly #holders: object[] = [];
  /** The names of large objects, which take long to list: those of any reader of this value. */
  readonly #listed: Map<object, readonly string[]>;
  readonly #bytesMax: number;
  #room: number;
  #isFull = false;
  #work = 0;

  constructor(
    field: string,
    rules: SoundRules,
    pieceMax: number,
    listed: Map<object, readonly string[]>,
    mayEndEarly: boolean,
  ) {
    this.#path = [field];
    this.#isExempt = rules.isExempt;
    this.#skipped = rules.skipped ?? NO_NAMES;
    this.#pieceMax = pieceMax;
    this.#listed = listed;
    this.#mayEndEarly = mayEndEarly;
    this.#bytesMax = rules.bytesMax;
    this.#room = rules.bytesMax;
  }

  /** `null` where it takes more room than there is. */
  *read(value: unknown): Pieces<SoundJson | null> {
    const text = yield* this.#value(value, NO_CARD);
    if (text === undefined || (this.#isFull && !this.#mayEndEarly)) return null;
    return { text, bytes: this.#bytesMax - this.#room, flaws: [...this.#flaws] };
  }

  /** `undefined` where there is no room for it. */
  *#value(value: unknown, context: CardContext): Pieces<string | undefined> {
    try {
      if (typeof value === 'string') return yield* this.#text(value, context);
      if (typeof value !== 'object' || value === null) return this.#leaf(value, context);
      if (isDate(value)) return this.#leaf(this.#flawed(value.toISOString()), context);
      if (isBinary(value) || this.#holders.includes(value) || this.#path.length > JSON_DEPTH_MAX) {
        return this.#leaf(undefined, context);
      }
      this.#holders.push(value);
      const depth = this.#path.length;
      try {
        return Array.isArray(value)
          ? yield* this.#list(value, context)
          : yield* this.#object(value, context);
      } finally {
        this.#holders.pop();
        this.#path.length = depth;
      }
    } catch {
      // A getter or a proxy of its own has thrown.
      return this.#note('not readable', this.#taken(LEFT_OUT));
    }
  }

  *#list(items: readonly unknown[], context: CardContext): Pieces<string | undefined> {
    const length = Math.min(items.length, this.#pieceMax);
    if (length < items.length) this.#flaws.add('cut to fit');
    let list = '';
    if (!this.#take(2)) return undefined;
    for (let at = 0; at < length && !this.#isFull; at += 1) {
      this.#path.push(at);
      if (this.#isDue(WORK_OF_VALUE)) yield;
      const comma = list === '' ? '' : ',';
      const hasRoom = this.#take(comma.length);
      const item = hasRoom ? yield* this.#readAt(items, at, context) : undefined;
      this.#path.pop();
      if (item !== undefined) list += `${comma}${item}`;
    }
    return `[${list}]`;
  }

  *#object(given: object, outer: CardContext): Pieces<string | undefined> {
    if (!isPlainObject(given)) this.#flaws.add('not JSON');
    const names = this.#namesOf(given);
    if (names.length > this.#pieceMax) this.#flaws.add('cut to fit');
    const near = namesNear(names);
    let fields = '';
    if (!this.#take(2)) return undefined;
    for (const [index, name] of names.entries()) {
      if (this.#isFull || index >= this.#pieceMax) break;
      this.#path.push(name);
      if (this.#isDue(WORK_OF_VALUE)) yield;
      const comma = fields === '' ? '' : ',';
      const context = contextOfField(name, near, outer);
      const field = yield* this.#field(given, name, context, comma);
      this.#path.pop();
      if (field !== undefined) fields += field;
    }
    return `{${fields}}`;
  }

  /** Listed in one piece, since nobody can list a part of them; in one order unless they are too many. */
  #namesOf(given: object): readonly string[] {
    const known = this.#listed.get(given);
    if (known !== undefined) return known;
    const all = Object.keys(given);
    const own =
      this.#path.length === 1 && this.#skipped.size > 0
        ? all.filter((name) => !this.#skipped.has(name))
        : all;
    if (own.length <= NAMES_MAX) return namesInOrder(own);
    this.#work += own.length;
    this.#listed.set(given, own);
    return own;
  }

  *#field(
    given: object,
    name: string,
    context: CardContext,
    comma: string,
  ): Pieces<string | undefined> {
    const before = this.#room;
    if (name.length > this.#pieceMax) return this.#note('cut to fit', undefined);
    const kept = yield* this.#text(name, NO_CARD);
    if (kept === undefined || !this.#take(comma.length + 1)) return undefined;
    const value = yield* this.#readAt(given, name, context);
    // Left out, as `JSON.stringify` does: an optional field that is not there.
    if (value === undefined && !this.#isFull) this.#room = before;
    return value === undefined ? undefined : `${comma}${kept}:${value}`;
  }

  /** The JSON of a field or item; `undefined` where there is none, or no room for it. */
  *#readAt(holder: object, key: string | number, context: CardContext): Pieces<string | undefined> {
    let value: unknown;
    try {
      value = Reflect.get(holder, key);
    } catch {
      return this.#note('not readable', this.#taken(LEFT_OUT));
    }
    if (value !== undefined) return yield* this.#value(value, context);
    return typeof key === 'number' ? this.#note('not JSON', this.#taken(null)) : undefined;
  }

  #leaf(value: unknown, context: CardContext): string | undefined {
    switch (typeof value) {
      case 'string':
        return this.#taken(this.#masked(value, context));
      case 'number':
        return Number.isFinite(value)
          ? this.#taken(this.#masked(value, context))
          : this.#note('not JSON', this.#taken(String(value)));
      case 'bigint':
        return value < WHOLE_MAX && value > -WHOLE_MAX
          ? this.#taken(this.#masked(this.#flawed(String(value)), context))
          : this.#note('not JSON', this.#taken(LEFT_OUT));
      case 'boolean':
        return this.#taken(value);
      default:
        return value === null ? this.#taken(null) : this.#note('not JSON', this.#taken(LEFT_OUT));
    }
  }

  /** Writes a text; a long one is searched and written a window at a time. */
  *#text(text: string, context: CardContext): Pieces<string | undefined> {
    const isCut = text.length > this.#pieceMax;
    if (text.length <= WINDOW && !isCut) {
      this.#work += text.length;
      return this.#taken(this.#masked(text, context));
    }
    if (!this.#take(2)) return undefined;
    const end = Math.min(text.length, this.#pieceMax);
    let written = '';
    for (let from = 0; from < end; ) {
      const window = windowOf(text, from, end, this.#isExempt !== null);
      let { kept } = window;
      if (window.isMasked) {
        if (this.#isExempt?.(this.#path) === true) kept = text.slice(from, window.next);
        else this.#flaws.add('card data masked');
      }
      from = window.next;
      // What is left of a longer number may look like a card's.
      if (isCut && from >= end) kept = this.#masked(`${kept}${CUT}`, NO_CARD);
      const part = JSON.stringify(kept).slice(1, -1);
      if (!this.#take(utf8Length(part))) return undefined;
      written += part;
      if (this.#isDue(WINDOW)) yield;
    }
    if (isCut) this.#flaws.add('cut to fit');
    return `"${written}"`;
  }

  #masked<Leaf extends string | number>(value: Leaf, context: CardContext): string | Leaf {
    if (this.#isExempt === null) return value;
    const masked =
      context === NO_CARD && typeof value === 'string' ? maskText(value) : maskLeaf(value, context);
    if (masked === value || this.#isExempt(this.#path)) return value;
    return this.#note('card data masked', String(masked));
  }

  #flawed<Value>(value: Value): Value {
    return this.#note('not JSON', value);
  }

  #note<Value>(flaw: Flaw, value: Value): Value {
    this.#flaws.add(flaw);
    return value;
  }

  /** The JSON of a leaf, where there is room for it. */
  #taken(leaf: Json): string | undefined {
    const text = JSON.stringify(leaf);
    return this.#take(utf8Length(text)) ? text : undefined;
  }

  #take(bytes: number): boolean {
    if (bytes > this.#room) {
      this.#isFull = true;
      this.#flaws.add('cut to fit');
      return false;
    }
    this.#room -= bytes;
    return true;
  }

  /** Whether others have their turn now. */
  #isDue(work: number): boolean {
    this.#work += work;
    if (this.#work < WORK_MAX) return false;
    this.#work = 0;
    return true;
  }
}
