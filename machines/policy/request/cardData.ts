/**
 * Card data in what holdfast would keep (CF-7): card numbers, and security codes by the name of
 * their field. A request that has some is refused; in answers and messages it is masked.
 *
 * @module
 */

import type { ValuePath } from '../../vocabulary/errors.ts';
import { atOnce, type Pieces, Work } from '../../vocabulary/pieces.ts';
import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { type CardSpan, findCardNumbers } from './cardNumber.ts';

/** What was found; the words end a sentence. */
export type CardDatum = 'a card number' | "a card's security code";

const CARD_PREFIX = '(?:(?:credit|debit|payment)?[ _-]?card[ _-]?|cc[ _-]?)';
const CODE_NAME = 'cv[vc][ _-]?2?|csc|cvn[ _-]?2?|cav2|cvd|security[ _-]?code';
/** Names that mean something else as often. */
const DOUBTFUL_NAME = 'cid|pin';

const CODE_FIELD = new RegExp(
  `^${CARD_PREFIX}?(?:${CODE_NAME})$|^${CARD_PREFIX}(?:${DOUBTFUL_NAME})$`,
  'i',
);
const DOUBTFUL_FIELD = new RegExp(`^(?:${DOUBTFUL_NAME})$`, 'i');
/** In each name of a code or of a card; most names have none of it, and are looked at no further. */
const OF_CARD = /c[vs]|cav|cid|pin|code|card/i;
/** Fields of a card that lies flat among others. */
const CARD_FIELD = new RegExp(
  `^(?:pan|${CARD_PREFIX}(?:number|no|num|holder(?:[ _-]?name)?)|exp(?:iry|iration|ires)?(?:[ _-]?(?:month|year|date))?)$`,
  'i',
);
const CARD_OBJECT = new RegExp(`^(?:credit|debit|payment|bank)?[ _-]?cards?$`, 'i');
/** Names under which an object holds its own value. */
const VALUE_FIELD = /^(?:value|code|number|text|content|data|v|_|#text)$/i;
const CODE = /^\s{0,8}\d{3,4}\s{0,8}$/;

/** A security code in text: a form, JSON, XML. Each part is bounded, so the time grows with the length only. */
const AFTER_NAME = String.raw`["'\\\]]{0,6}\s{0,8}[:=>][\s"'\\[]{0,8}(\d{3,4})(?!\w|\.\d)`;
const CODE_IN_TEXT = new RegExp(
  `(?<![a-z\\d])(?:${CARD_PREFIX}?(?:${CODE_NAME})|${CARD_PREFIX}(?:${DOUBTFUL_NAME}))${AFTER_NAME}`,
  'gi',
);
const DOUBTFUL_IN_TEXT = new RegExp(`(?<![a-z\\d])(?:${DOUBTFUL_NAME})${AFTER_NAME}`, 'gi');

/** Parts a code from its name. */
const BEFORE_CODE = /[:=>]/;

const MASKED_CODE = '***';
/** No card number is a smaller number or a shorter text, and no code has fewer characters. */
const CARD_NUMBER_MIN = 1e13;
const CARD_LENGTH_MIN = 14;
const CODE_LENGTH_MIN = 3;

/** Place of a value, as far as that decides what it may be. */
export interface CardContext {
  /** True in a field that is named like a security code. */
  readonly isCode: boolean;
  /** An object around it is named like a card. */
  readonly isCard: boolean;
}

export const NO_CARD: CardContext = { isCode: false, isCard: false };
const CARD_CONTEXT: CardContext = { isCode: false, isCard: true };
const CODE_CONTEXT: CardContext = { isCode: true, isCard: true };

/** The first card datum in a text; `null` when there is none. */
export function cardDatumInText(text: string): CardDatum | null {
  const first = cardSpansIn(text)[0];
  if (first === undefined) return null;
  return first.masked === MASKED_CODE ? "a card's security code" : 'a card number';
}

/** False for what is too short or too small to hold any: it need not be searched. */
export function mayHoldCard(value: string | number, { isCode }: CardContext): boolean {
  if (typeof value === 'string') {
    if (isCode || value.length >= CARD_LENGTH_MIN) return true;
    return value.length >= 2 * CODE_LENGTH_MIN && BEFORE_CODE.test(value);
  }
  return isCode || (value >= CARD_NUMBER_MIN && Number.isSafeInteger(value));
}

/** The card datum in a value that is no object and no array. */
export function cardDatumInLeaf(value: string | number, context: CardContext): CardDatum | null {
  const text = typeof value === 'string' ? value : textOf(value);
  if (text === null) return null;
  if (context.isCode && CODE.test(text)) return "a card's security code";
  return cardDatumInText(text);
}

/** The same in pieces, of a long text a window at a time. */
export function* cardDatumInPieces(
  value: string | number,
  context: CardContext,
  work: Work,
): Pieces<CardDatum | null> {
  if (typeof value === 'number' || value.length <= WINDOW) {
    if (work.isDue(1 + String(value).length / SEARCHED_OF_A_STEP)) yield;
    return cardDatumInLeaf(value, context);
  }
  for (let from = 0; from < value.length; ) {
    const { isMasked, next } = windowOf(value, from, value.length, true);
    if (isMasked) {
      const near = value.slice(Math.max(0, from - BEFORE_WINDOW), next + BEHIND_WINDOW);
      return cardDatumInText(near) ?? 'a card number';
    }
    if (work.isDue((next - from) / SEARCHED_OF_A_STEP)) yield;
    from = next;
  }
  return null;
}

/** Whether `maskCardData` would mask something in the value, in pieces; true as well of what is nested too deep for it. */
export function* holdsCardDataInPieces(value: Json, work: Work): Pieces<boolean> {
  if (typeof value === 'string' || typeof value === 'number') {
    return (yield* cardDatumInPieces(value, NO_CARD, work)) !== null;
  }
  const open: Level[] = [];
  const first = levelOf(value, NO_CARD);
  if (first !== null) open.push(first);
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const { items, fields, names, near, outer, at } = level;
    if (at >= (names ?? items).length) {
      open.pop();
      continue;
    }
    level.at += 1;
    const name = names?.[at];
    if (name !== undefined) {
      if (isShort(name) ? cardDatumInText(name) : yield* cardDatumInPieces(name, NO_CARD, work)) {
        return true;
      }
      if (work.isDue(name.length / SEARCHED_OF_A_STEP)) yield;
    }
    const one = (name === undefined ? items[at] : fields[name]) ?? null;
    const context = name === undefined ? outer : contextOfField(name, near, outer);
    if (typeof one === 'number') {
      if (cardDatumInLeaf(one, context) !== null) return true;
      if (mayHoldCard(one, context) && work.isDue(2)) yield;
    } else if (typeof one === 'string') {
      const isWhole = isShort(one);
      if (isWhole ? cardDatumInLeaf(one, context) : yield* cardDatumInPieces(one, context, work)) {
        return true;
      }
      if (isWhole && work.isDue(one.length / SEARCHED_OF_A_STEP)) yield;
    } else {
      const next = levelOf(one, context);
      if (next !== null) open.push(next);
      if (open.length > DEEP) return true;
    }
    if (work.isDue()) yield;
  }
  return false;
}

function isShort(text: string): boolean {
  return text.length <= WINDOW;
}

/** A list or an object that is looked through, and how far. */
interface Level {
  /** Items of a list. */
  readonly items: readonly Json[];
  readonly fields: JsonObject;
  /** Names of an object; `null` for a list. */
  readonly names: readonly string[] | null;
  readonly near: readonly string[];
  readonly outer: CardContext;
  at: number;
}

/** `null` for what is neither. */
function levelOf(value: Json, outer: CardContext): Level | null {
  if (typeof value !== 'object' || value === null) return null;
  if (isList(value)) return { items: value, fields: {}, names: null, near: [], outer, at: 0 };
  const names = Object.keys(value);
  return { items: [], fields: value, names, near: namesNear(names), outer, at: 0 };
}

/** No request is nested as deep. */
const DEEP = 1_000;
/** Names of one object that are searched for that of a card, at most. */
export const NAMES_MAX = 2_048;
const MAY_BE_CARD: readonly string[] = ['pan'];

/** The names to look through for that of a card: of too many, as if it were among them. */
export function namesNear(names: readonly string[]): readonly string[] {
  return names.length > NAMES_MAX ? MAY_BE_CARD : names;
}

/** Context of the field `name` of an object with these `names`. */
export function contextOfField(
  name: string,
  names: readonly string[],
  outer: CardContext,
): CardContext {
  if (outer.isCode) return VALUE_FIELD.test(name) ? CODE_CONTEXT : NO_CARD;
  if (!OF_CARD.test(name)) return outer.isCard ? CARD_CONTEXT : NO_CARD;
  if (CODE_FIELD.test(name)) return CODE_CONTEXT;
  if (DOUBTFUL_FIELD.test(name)) {
    return outer.isCard || names.some((one) => CARD_FIELD.test(one)) ? CODE_CONTEXT : NO_CARD;
  }
  return outer.isCard || CARD_OBJECT.test(name) ? CARD_CONTEXT : NO_CARD;
}

/** Exemptions of a handler that exempts nothing. */
export const NOTHING_EXEMPT: (path: ValuePath) => boolean = () => false;

/**
 * Answers whether card data may stand at a path of a request, from the paths that a handler exempts:
 * `payload.meta.barcode`. Each covers all that is below it, and every item of a list.
 */
export function exemptionsOf(paths: readonly string[] = []): (path: ValuePath) => boolean {
  if (paths.length === 0) return NOTHING_EXEMPT;
  const exempt = new Set(paths);
  return (path) => {
    let joined = '';
    return path.some((step) => {
      if (typeof step === 'number') return false;
      joined = joined === '' ? step : `${joined}.${step}`;
      return exempt.has(joined);
    });
  };
}

/** The text with its card data masked. */
export function maskText(text: string): string {
  let masked = '';
  let from = 0;
  for (const span of cardSpansIn(text)) {
    masked += text.slice(from, span.start) + span.masked;
    from = span.end;
  }
  return from === 0 ? text : masked + text.slice(from);
}

/** The same, in pieces. */
export function* maskTextInPieces(text: string, work: Work): Pieces<string> {
  let masked = '';
  let isMasked = false;
  for (let from = 0; from < text.length; ) {
    const window = windowOf(text, from, text.length, true);
    masked += window.kept;
    isMasked ||= window.isMasked;
    if (work.isDue((window.next - from) / SEARCHED_OF_A_STEP)) yield;
    from = window.next;
  }
  return isMasked ? masked : text;
}

/** So many characters are searched in the time of a step. */
const SEARCHED_OF_A_STEP = 8;
/** So much of a text is searched at a time. */
export const WINDOW = 4_096;
/** Looked at before and behind a window: more than card data takes with what may part its digits. */
const BEFORE_WINDOW = 64;
const BEHIND_WINDOW = 256;

export interface Window {
  /** With its card data masked. */
  readonly kept: string;
  readonly isMasked: boolean;
  /** Where the next one begins: never within card data. */
  readonly next: number;
}

/** The stretch of a long text from `from` on, which ends at `end` at the latest. */
export function windowOf(text: string, from: number, end: number, isSearched: boolean): Window {
  let next = Math.min(from + WINDOW, end);
  // Between the halves of a pair neither would be a letter.
  if (next < end && isHighSurrogate(text.charCodeAt(next - 1))) next -= 1;
  if (!isSearched) return { kept: text.slice(from, next), isMasked: false, next };
  const first = Math.max(0, from - BEFORE_WINDOW);
  let kept = '';
  let at = from;
  for (const span of cardSpansIn(text.slice(first, next + BEHIND_WINDOW))) {
    const start = first + span.start;
    if (start < at || start >= next) continue;
    kept += text.slice(at, start) + span.masked;
    at = first + span.end;
  }
  const isMasked = at > from;
  if (at >= next) return { kept, isMasked, next: at };
  return { kept: kept + text.slice(at, next), isMasked, next };
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/**
 * The value with its card data masked: but for the last four digits of a card number, none of it is
 * left. The same value where it has none.
 *
 * @param isExempt whether the value at a path, which begins with `response`, may be kept
 */
export function maskCardData(value: Json, isExempt?: (path: ValuePath) => boolean): Json {
  return atOnce(maskCardDataInPieces(value, isExempt));
}

/** Fields of an object that is looked at as one. */
const FIELDS_OF_FEW = 16;

/** Whether a value is a leaf, or an object of a few, none of which can hold card data: most answers are. */
function isSurelyWithout(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return !isCandidate(value);
  const names = Object.keys(value);
  if (names.length > FIELDS_OF_FEW) return false;
  for (const name of names) {
    if (OF_CARD.test(name) || isCandidate(name)) return false;
    const field = (value as JsonObject)[name] ?? null;
    if (typeof field === 'object' ? field !== null : isCandidate(field)) return false;
  }
  return true;
}

/** Whether a leaf in no field of a card may hold card data. */
function isCandidate(leaf: string | number | boolean | null): boolean {
  return (typeof leaf === 'string' || typeof leaf === 'number') && mayHoldCard(leaf, NO_CARD);
}

/** The same in pieces, for what is large. Most of that has none, which is found without a copy. */
export function* maskCardDataInPieces(
  value: Json,
  isExempt: (path: ValuePath) => boolean = () => false,
): Pieces<Json> {
  if (isSurelyWithout(value)) return value;
  const path: string[] = ['response'];
  if (isExempt(path)) return value;
  const work = new Work();
  if (!(yield* holdsCardDataInPieces(value, work))) return value;
  const mask = function* (one: Json, context: CardContext): Pieces<Json> {
    if (typeof one === 'string' && !isShort(one)) return yield* maskTextInPieces(one, work);
    if (typeof one === 'string' || typeof one === 'number') {
      if (work.isDue(1 + String(one).length / SEARCHED_OF_A_STEP)) yield;
      return maskLeaf(one, context);
    }
    if (typeof one !== 'object' || one === null) return one;
    if (work.isDue()) yield;
    if (isList(one)) {
      const items: Json[] = [];
      for (const item of one) items.push(yield* mask(item, context));
      return items;
    }
    const fields: Record<string, Json> = {};
    const names = Object.keys(one);
    const near = namesNear(names);
    for (const name of names) {
      path.push(name);
      const field = one[name] ?? null;
      const kept = isExempt(path) ? field : yield* mask(field, contextOfField(name, near, context));
      path.pop();
      // A short one is one piece of it.
      const maskedName = yield* maskTextInPieces(name, work);
      // As with any name, also with `__proto__`.
      Object.defineProperty(fields, maskedName, { value: kept, ...AS_ANY_FIELD });
    }
    return fields;
  };
  return yield* mask(value, NO_CARD);
}

const AS_ANY_FIELD = { writable: true, enumerable: true, configurable: true } as const;

/** The value of a field, or of an item of a list, with its card data masked. */
export function maskLeaf(value: string | number, context: CardContext): string | number {
  const text = typeof value === 'string' ? value : textOf(value);
  if (text === null) return value;
  if (context.isCode && CODE.test(text)) return MASKED_CODE;
  const masked = maskText(text);
  return masked === text ? value : masked;
}

/** A number as the text to search; `null` for one that is neither a code nor a card number. */
function textOf(value: number): string | null {
  const isCode = value >= 100 && value < 10_000;
  return Number.isSafeInteger(value) && (isCode || value >= CARD_NUMBER_MIN) ? String(value) : null;
}

/** Spans of card data in a text, in order, each with its mask. */
export function cardSpansIn(text: string): readonly CardSpan[] {
  const numbers = findCardNumbers(text);
  if (text.length < 2 * CODE_LENGTH_MIN || !BEFORE_CODE.test(text)) return numbers;
  const codes = codesIn(text, CODE_IN_TEXT);
  const doubtful = numbers.length > 0 ? codesIn(text, DOUBTFUL_IN_TEXT) : [];
  if (codes.length + doubtful.length === 0) return numbers;
  return [...numbers, ...codes, ...doubtful].toSorted((one, other) => one.start - other.start);
}

function codesIn(text: string, pattern: RegExp): readonly CardSpan[] {
  return Array.from(text.matchAll(pattern), ({ 0: whole, 1: code = '', index }) => {
    const end = index + whole.length;
    return { start: end - code.length, end, masked: MASKED_CODE };
  });
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
