/**
 * Value in the form that merges use: a copy with its keys in order, its texts in Unicode's normal form C, without
 * names that reach an object's prototype, and without card data (CF-2, CF-7).
 *
 * @module
 */

import {
  type CardContext,
  contextOfField,
  maskLeaf,
  maskText,
  maskTextInPieces,
  NO_CARD,
} from '../../policy/request/cardData.ts';
import { atOnce, type Pieces, stepsOf, Work } from '../../vocabulary/pieces.ts';
import type { Json } from '../../vocabulary/shape.ts';

/** Names that reach beyond the object. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Fewest digits of a security code, which has three or four. */
const CODE_DIGITS_MIN = 3;

/** Pattern that every name of a card or code contains. */
const MAY_BE_CODE = /c|pin/i;

/** Depth beyond which a value is copied by turns: a hostile value may be nested deeper than the program's stack. */
const DEPTH_MAX = 64;

type Target = Json[] | Record<string, Json>;

/** Names of an object, and those of the fields that are copied, in order. */
interface Shape {
  readonly names: readonly string[];
  readonly fields: readonly string[];
  /** Names under which they are kept; `null` if they are the same. */
  readonly kept: readonly string[] | null;
  /** Card context of each; `null` if none has to do with a card. */
  readonly contexts: readonly CardContext[] | null;
  readonly outer: CardContext;
}

const NO_SHAPE: Shape = { names: [], fields: [], kept: null, contexts: null, outer: NO_CARD };

/** Object or list that was copied. */
interface Known {
  readonly source: object;
  readonly copy: Target;
  readonly shape: Shape;
  /** Objects and lists in it, each at the place of its field or item. */
  readonly under: readonly (Known | undefined)[];
  /** Fields in which it differs from what it was compared with; `null` if it was not compared. */
  readonly changed: readonly string[] | null;
  /** Whether each single value in it was kept as it came. */
  readonly isExact: boolean;
}

const NOTHING_UNDER: readonly (Known | undefined)[] = [];

/** Cleaned state of a record. */
export interface Cleaned {
  readonly value: Json | undefined;
  /** Fields that differ from those of the first state; `null` if all must be compared. */
  readonly changed: readonly string[] | null;
}

/**
 * Returns the copy; `undefined` for what JSON can't hold, such as an infinite number, so that it counts as missing.
 *
 * @param isLeftOut names of fields, in small letters, of which nothing may be kept
 */
export function cleanJson(
  value: unknown,
  isLeftOut: (name: string) => boolean = () => false,
): Json | undefined {
  const isLeaf = typeof value !== 'object' || value === null;
  return isLeaf ? leafOf(value, NO_CARD) : cleaner(isLeftOut)(value).value;
}

/**
 * Makes a function that copies the states of one record, each as {@link cleanJson} does, except that from the second
 * on the record's own fields may be in another order. A part that equals that of the first state is the same copy, so
 * that no comparison is needed.
 */
export function cleaner(isLeftOut: (name: string) => boolean): (value: unknown) => Cleaned {
  const clean = cleanerInPieces(isLeftOut, new Work());
  return (value) => atOnce(clean(value));
}

/** {@link cleaner} in pieces. */
export function cleanerInPieces(
  isLeftOut: (name: string) => boolean,
  work: Work,
): (value: unknown) => Pieces<Cleaned> {
  let first: Known | null | undefined;
  let lastShape = NO_SHAPE;
  const open: { readonly known: Known; readonly context: CardContext }[] = [];

  return function* clean(value) {
    if (typeof value !== 'object' || value === null) {
      first ??= null;
      return { value: yield* leafInPieces(value, NO_CARD, work), changed: null };
    }
    const whole = yield* copyOf(value, NO_CARD, first ?? undefined, 0);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { source, copy } = next.known;
      if (Array.isArray(copy)) yield* listOf(source, next.context, undefined, 0, copy);
      else yield* objectOf(source, next.context, undefined, 0, copy);
    }
    if (first === undefined) first = whole;
    const { copy, changed } = whole;
    return { value: copy, changed: whole === first ? null : changed };
  };

  function* copyOf(
    source: object,
    context: CardContext,
    known: Known | undefined,
    depth: number,
  ): Pieces<Known> {
    const isOfItems = Array.isArray(source);
    if (depth > DEPTH_MAX) {
      const copy = isOfItems ? [] : {};
      const later = {
        source,
        copy,
        shape: NO_SHAPE,
        under: NOTHING_UNDER,
        changed: null,
        isExact: false,
      };
      open.push({ known: later, context });
      return later;
    }
    const like = known !== undefined && Array.isArray(known.copy) === isOfItems ? known : undefined;
    return isOfItems
      ? yield* listOf(source, context, like, depth, [])
      : yield* objectOf(source, context, like, depth, {});
  }

  function* listOf(
    source: object,
    context: CardContext,
    like: Known | undefined,
    depth: number,
    copy: Json[],
  ): Pieces<Known> {
    const items = source as readonly unknown[];
    const likeItems = like?.source as readonly unknown[] | undefined;
    // Left-out items moved the rest.
    const likeCopy = like?.copy as readonly Json[] | undefined;
    const isAligned = likeItems !== undefined && likeItems.length === likeCopy?.length;
    let isSame = likeItems?.length === items.length;
    const under: (Known | undefined)[] = [];
    for (let at = 0; at < items.length; at++) {
      const one = items[at];
      let copied: Json | undefined;
      if (typeof one === 'object' && one !== null) {
        const was = like?.under[at];
        const inner = yield* copyOf(one, context, was, depth + 1);
        if (inner !== was) isSame = false;
        under[at] = inner;
        copied = inner.copy;
      } else if (isAligned && at < likeItems.length && one === likeItems[at]) {
        copied = likeCopy[at];
      } else {
        isSame = false;
        copied = isLong(one) ? yield* leafInPieces(one, context, work) : leafOf(one, context);
      }
      if (copied !== undefined) copy.push(copied);
      if (work.isDue(stepsOfLeaf(one))) yield;
    }
    if (isSame && like !== undefined) return like;
    return { source, copy, shape: NO_SHAPE, under, changed: null, isExact: false };
  }

  function* objectOf(
    source: object,
    context: CardContext,
    like: Known | undefined,
    depth: number,
    copy: Record<string, Json>,
  ): Pieces<Known> {
    const values = source as Readonly<Record<string, unknown>>;
    const shape = shapeOf(source, context, like?.shape);
    const likeFields = like?.shape.fields ?? [];
    const likeValues = like?.source as Readonly<Record<string, unknown>> | undefined;
    const likeCopy = like?.copy as Readonly<Record<string, Json>> | undefined;
    const likeContexts = like?.shape.contexts ?? null;
    const mayShare = like?.shape.kept === null && shape.kept === null;
    const isSame = like?.shape === shape;
    // Copies all fields at once, most of which stay.
    const isWhole =
      depth === 0 && isSame && like.isExact && shape.names.length === shape.fields.length;
    const target = isWhole ? { ...(source as Record<string, Json>) } : copy;
    const changed: string[] = [];
    const under: (Known | undefined)[] = [];
    let isExact = shape.kept === null;
    let likeAt = 0;
    for (let at = 0; at < shape.fields.length; at++) {
      const name = shape.fields[at] as string;
      const kept = shape.kept?.[at] ?? name;
      const inner = shape.contexts?.[at] ?? NO_CARD;
      let isThere = isSame;
      if (isSame) {
        likeAt = at;
      } else {
        let other = likeFields[likeAt];
        // Both are in one order.
        while (other !== undefined && other < name) other = likeFields[++likeAt];
        isThere = other === name && (likeContexts?.[likeAt] ?? NO_CARD) === inner;
      }
      const one = values[name];
      let copied: Json | undefined;
      if (typeof one === 'object' && one !== null) {
        const was = isThere ? like?.under[likeAt] : undefined;
        const found = yield* copyOf(one, inner, was, depth + 1);
        if (found !== was) changed.push(kept);
        under[at] = found;
        copied = found.copy;
      } else if (mayShare && isThere && one === likeValues?.[name]) {
        if (work.isDue()) yield;
        if (isWhole) continue;
        copied = likeCopy?.[kept];
      } else {
        changed.push(kept);
        copied = isLong(one) ? yield* leafInPieces(one, inner, work) : leafOf(one, inner);
        if (copied !== one) isExact = false;
        if (work.isDue(stepsOfLeaf(one))) yield;
      }
      if (copied !== undefined) target[kept] = copied;
      else if (isWhole) Reflect.deleteProperty(target, kept);
    }
    if (isSame && changed.length === 0) return like;
    return {
      source,
      copy: target,
      shape,
      under,
      changed: like === undefined ? null : changed,
      isExact,
    };
  }

  function shapeOf(source: object, outer: CardContext, like: Shape | undefined): Shape {
    const names = Object.keys(source);
    if (like !== undefined && isOfShape(names, outer, like)) return like;
    if (isOfShape(names, outer, lastShape)) return lastShape;
    const fields: string[] = [];
    const kept: string[] = [];
    const contexts: CardContext[] = [];
    let isMasked = false;
    let isOfCard = false;
    for (const name of names.toSorted()) {
      if (RESERVED.has(name) || isLeftOut(name.toLowerCase())) continue;
      const isNoCard = outer === NO_CARD && !MAY_BE_CODE.test(name);
      const context = isNoCard ? NO_CARD : contextOfField(name, names, outer);
      const own = keptName(name);
      if (own !== name) isMasked = true;
      if (context !== NO_CARD) isOfCard = true;
      fields.push(name);
      kept.push(own);
      contexts.push(context);
    }
    lastShape = {
      names,
      fields,
      kept: isMasked ? kept : null,
      contexts: isOfCard ? contexts : null,
      outer,
    };
    return lastShape;
  }
}

/** Whether a copy surely has the same single value: it has no other form, and no digits of a card. */
export function isTakenAsItIs(value: Json): boolean {
  if (typeof value === 'string') {
    const digits = digitsIn(value);
    return digits !== null && digits < CODE_DIGITS_MIN;
  }
  return typeof value === 'boolean' || value === null;
}

/** Whether a copy surely has a field of this name, and no other comes to that name. */
export function isNameTakenAsItIs(name: string): boolean {
  return isTakenAsItIs(name) && !RESERVED.has(name) && !(name.charCodeAt(0) < 2);
}

/** Returns a field's name without a card's number, and without marks of merges that are no fields. */
function keptName(name: string): string {
  const masked = mayHoldCard(name) ? maskText(name) : name;
  return masked.charCodeAt(0) < 2 ? `\u{FFFD}${masked.slice(1)}` : masked;
}

function isOfShape(names: readonly string[], outer: CardContext, shape: Shape): boolean {
  if (names.length !== shape.names.length || outer !== shape.outer) return false;
  for (let at = 0; at < names.length; at++) if (names[at] !== shape.names[at]) return false;
  return true;
}

/** Length from which a text is searched in pieces. */
const TEXT_AT_ONCE_MAX = 4_096;

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.length > TEXT_AT_ONCE_MAX;
}

function stepsOfLeaf(value: unknown): number {
  return typeof value === 'string' && !isLong(value) ? stepsOf(value) : 1;
}

function* leafInPieces(value: unknown, context: CardContext, work: Work): Pieces<Json | undefined> {
  if (!isLong(value)) return leafOf(value, context);
  const digits = digitsIn(value);
  if (work.isDue(stepsOf(value))) yield;
  if (digits !== null && digits < CODE_DIGITS_MIN) return value;
  const normal = digits === null ? normalized(value) : value;
  return yield* maskTextInPieces(normal, work);
}

function leafOf(value: unknown, context: CardContext): Json | undefined {
  if (typeof value === 'string') {
    const digits = digitsIn(value);
    if (digits === null) return maskLeaf(normalized(value), context);
    return digits < CODE_DIGITS_MIN ? value : maskLeaf(value, context);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return undefined;
    return value === 0 ? 0 : maskLeaf(value, context);
  }
  return typeof value === 'boolean' || value === null ? value : undefined;
}

/** Limit on marks on one letter that are put in order: it takes time with their square, so more stay as they are. */
const MARKS_MAX = 64;
const MARK = /\p{M}/u;

/** Returns the text in Unicode's normal form C, except for heaps of marks that no script has. */
function normalized(text: string): string {
  if (text.length <= MARKS_MAX) return text.normalize('NFC');
  let normal = '';
  let from = 0;
  // A heap has a mark at one of these places.
  for (let at = MARKS_MAX; at < text.length; at += MARKS_MAX) {
    if (at < from || !isMark(text, at)) continue;
    let start = at;
    while (start > from && isMark(text, start - 1)) start -= 1;
    let end = at + 1;
    while (end < text.length && isMark(text, end)) end += 1;
    if (end - start <= MARKS_MAX) continue;
    normal += text.slice(from, start).normalize('NFC') + text.slice(start, end);
    from = end;
  }
  return normal + text.slice(from).normalize('NFC');
}

/** Whether a unit is of a mark, as far as the next letter is not. */
function isMark(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  // The first mark is U+0300.
  if (code < 0x3_00) return false;
  const isSecondHalf = (code & 0xfc_00) === 0xdc_00;
  return MARK.test(String.fromCodePoint(text.codePointAt(isSecondHalf ? at - 1 : at) ?? 0));
}

/** Whether a text has the digits of a security code, which is shorter than a card number. */
function mayHoldCard(text: string): boolean {
  const digits = digitsIn(text);
  return digits === null || digits >= CODE_DIGITS_MIN;
}

/** Counts the digits in an ASCII text; `null` for another, which may have digits of another script. */
function digitsIn(text: string): number | null {
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return null;
    if (code >= 48 && code <= 57) digits += 1;
  }
  return digits;
}
