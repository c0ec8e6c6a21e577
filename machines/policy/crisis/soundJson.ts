/**
 * What of a value can be kept, as plain JSON (CR-4, CF-7): card data is masked, what JSON can't carry or
 * nobody can read gives way to a mark in its place, and what is too large is cut. It never throws, whatever
 * the value does when it is read.
 *
 * @module
 */

import type { ValuePath } from '../../vocabulary/errors.ts';
import type { Json } from '../../vocabulary/json.ts';
import {
  type CardContext,
  contextOfField,
  maskLeaf,
  maskText,
  NO_CARD,
} from '../request/cardData.ts';
import { DEPTH_MAX, utf8Length } from '../request/requestBody.ts';

/** What may be wrong with a part of a value; the words follow the name of the request's field. */
export type Flaw = 'card data masked' | 'cut to fit' | 'not JSON' | 'not readable';

export interface SoundRules {
  /** For its JSON, in UTF-8 bytes. */
  readonly bytesMax: number;
  /** Whether card data may stand at a path that begins with the name of the request's field. */
  readonly isExempt: (path: ValuePath) => boolean;
}

export interface SoundJson {
  readonly value: Json;
  /** What was done to it, each once. */
  readonly flaws: readonly Flaw[];
}

/** Stands in the place of what can't be kept. */
export const LEFT_OUT = '[left out]';
/** Ends a text of which no more is kept. */
const CUT = '…';
/** The longest text and list when a value that is too large is cut as short as it ever is. */
const PIECE_MIN = 16;
/** A value that is too large is tried again with pieces so many times shorter. */
const SHORTER = 8;
/** More than a card number takes with what may part its digits: what is cut ends before one that is cut off. */
const CARD_LENGTH_MAX = 128;
/** Beyond it, writing a whole number in decimal digits takes long. */
const WHOLE_MAX = 10n ** 40n;

/** The value as far as it can be kept, its field named `field` in the request. */
export function soundJson(value: unknown, field: string, rules: SoundRules): SoundJson {
  for (
    let pieceMax = rules.bytesMax;
    pieceMax > PIECE_MIN;
    pieceMax = Math.floor(pieceMax / SHORTER)
  ) {
    const whole = new Reader(field, rules, pieceMax, false).read(value);
    if (whole !== null) return whole;
  }
  // With the shortest pieces it takes as many as there is room for.
  return (
    new Reader(field, rules, PIECE_MIN, true).read(value) ?? { value: null, flaws: ['cut to fit'] }
  );
}

class Reader {
  readonly #isExempt: (path: ValuePath) => boolean;
  readonly #pieceMax: number;
  readonly #mayEndEarly: boolean;
  readonly #flaws = new Set<Flaw>();
  readonly #path: (string | number)[];
  /** The objects and lists that the path goes through. */
  readonly #holders: object[] = [];
  #room: number;
  #isFull = false;

  constructor(field: string, rules: SoundRules, pieceMax: number, mayEndEarly: boolean) {
    this.#path = [field];
    this.#isExempt = rules.isExempt;
    this.#pieceMax = pieceMax;
    this.#mayEndEarly = mayEndEarly;
    this.#room = rules.bytesMax;
  }

  /** `null` where it takes more room than there is. */
  read(value: unknown): SoundJson | null {
    const read = this.#value(value, NO_CARD);
    if (read === undefined || (this.#isFull && !this.#mayEndEarly)) return null;
    return { value: read, flaws: [...this.#flaws] };
  }

  /** `undefined` where there is no room for it. */
  #value(value: unknown, context: CardContext): Json | undefined {
    try {
      if (typeof value !== 'object' || value === null) return this.#leaf(value, context);
      if (value instanceof Date) return this.#leaf(this.#flawed(value.toISOString()), context);
      const isBytes = ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
      if (isBytes || this.#holders.includes(value) || this.#path.length > DEPTH_MAX) {
        return this.#leaf(undefined, context);
      }
      this.#holders.push(value);
      const depth = this.#path.length;
      try {
        return Array.isArray(value) ? this.#list(value, context) : this.#object(value, context);
      } finally {
        this.#holders.pop();
        this.#path.length = depth;
      }
    } catch {
      // A getter or a proxy of its own has thrown.
      return this.#note('not readable', this.#taken(LEFT_OUT));
    }
  }

  #list(items: readonly unknown[], context: CardContext): Json | undefined {
    const length = Math.min(items.length, this.#pieceMax);
    if (length < items.length) this.#flaws.add('cut to fit');
    const list: Json[] = [];
    if (!this.#take(2)) return undefined;
    for (let at = 0; at < length && !this.#isFull; at += 1) {
      this.#path.push(at);
      const item = this.#take(1) ? this.#readAt(items, at, context) : undefined;
      this.#path.pop();
      if (item !== undefined) list.push(item);
    }
    return list;
  }

  #object(given: object, outer: CardContext): Json | undefined {
    if (!isPlain(given)) this.#flaws.add('not JSON');
    // In one order, so that equal values have equal texts.
    const names = Object.keys(given).toSorted();
    if (names.length > this.#pieceMax) this.#flaws.add('cut to fit');
    const entries: [string, Json][] = [];
    if (!this.#take(2)) return undefined;
    for (const name of names.slice(0, this.#pieceMax)) {
      if (this.#isFull) break;
      this.#path.push(name);
      const entry = this.#field(given, name, contextOfField(name, names, outer));
      this.#path.pop();
      if (entry !== undefined) entries.push(entry);
    }
    return Object.fromEntries(entries);
  }

  #field(given: object, name: string, context: CardContext): [string, Json] | undefined {
    const kept = this.#masked(name, NO_CARD);
    if (typeof kept !== 'string') return undefined;
    const before = this.#room;
    if (kept.length > this.#pieceMax) return this.#note('cut to fit', undefined);
    if (!this.#take(utf8Length(JSON.stringify(kept)) + 2)) return undefined;
    const value = this.#readAt(given, name, context);
    // Left out, as `JSON.stringify` does: an optional field that is not there.
    if (value === undefined && !this.#isFull) this.#room = before;
    return value === undefined ? undefined : [kept, value];
  }

  /** What stands there; `undefined` where that is nothing, or has no room. */
  #readAt(holder: object, key: string | number, context: CardContext): Json | undefined {
    let value: unknown;
    try {
      value = Reflect.get(holder, key);
    } catch {
      return this.#note('not readable', this.#taken(LEFT_OUT));
    }
    if (value !== undefined) return this.#value(value, context);
    return typeof key === 'number' ? this.#note('not JSON', this.#taken(null)) : undefined;
  }

  #leaf(value: unknown, context: CardContext): Json | undefined {
    switch (typeof value) {
      case 'string':
        return this.#text(value, context);
      case 'number':
        return Number.isFinite(value)
          ? this.#taken(this.#masked(value, context))
          : this.#note('not JSON', this.#taken(String(value)));
      case 'bigint':
        return value < WHOLE_MAX && value > -WHOLE_MAX
          ? this.#text(this.#flawed(String(value)), context)
          : this.#note('not JSON', this.#taken(LEFT_OUT));
      case 'boolean':
        return this.#taken(value);
      default:
        return value === null ? this.#taken(null) : this.#note('not JSON', this.#taken(LEFT_OUT));
    }
  }

  #text(text: string, context: CardContext): Json | undefined {
    if (text.length <= this.#pieceMax) return this.#taken(this.#masked(text, context));
    // Masked with what follows, or a part of a number might stay.
    const searched = text.slice(0, this.#pieceMax + 2 * CARD_LENGTH_MAX);
    const masked = String(this.#masked(searched, context));
    const end = searched.length < text.length ? masked.length - CARD_LENGTH_MAX : masked.length;
    const cut = masked.slice(0, Math.min(end, this.#pieceMax));
    // What is left of a longer number may look like a card's.
    const kept = String(this.#masked(`${cut}${CUT}`, context));
    return this.#note('cut to fit', this.#taken(kept));
  }

  #masked(value: string | number, context: CardContext): string | number {
    const masked =
      context === NO_CARD && typeof value === 'string' ? maskText(value) : maskLeaf(value, context);
    if (masked === value || this.#isExempt(this.#path)) return value;
    return this.#note('card data masked', masked);
  }

  #flawed<Value>(value: Value): Value {
    return this.#note('not JSON', value);
  }

  #note<Value>(flaw: Flaw, value: Value): Value {
    this.#flaws.add(flaw);
    return value;
  }

  /** The leaf, where there is room for it. */
  #taken<Leaf extends Json>(leaf: Leaf): Leaf | undefined {
    return this.#take(utf8Length(JSON.stringify(leaf))) ? leaf : undefined;
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
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
