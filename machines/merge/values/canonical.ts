/**
 * Canonical text of a value, by which two devices compare, sort and hash it. Keys are in the one order of
 * `namesInOrder`, whatever the locale.
 *
 * @module
 */

import { CHARACTERS_OF_A_STEP, type Pieces, stepsOf, type Work } from '../../vocabulary/pieces.ts';
import { type Json, type JsonObject, namesInOrder } from '../../vocabulary/shape.ts';

/** The text of a value that `cleanJson` made, whose keys are in order already; of nothing, an empty text. */
export function canonical(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const known = longTexts.get(value);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    // It is nested deeper than the stack.
    text = deepText(value);
  }
  if (text.length >= LONG_MIN) longTexts.set(value, text);
  return text;
}

/** Texts of long values, which are asked for again and again. */
const longTexts = new WeakMap<object, string>();
const LONG_MIN = 16_384;
/** Limit on steps up to which a text is written at once. */
const SMALL_STEPS = 128;
/** Depth beyond which a text is written at once. */
const PIECES_DEPTH_MAX = 128;

/** Prepares the text in pieces; `canonical` then has it at once. */
export function* canonicalInPieces(value: Json | undefined, work: Work, depth = 0): Pieces<string> {
  if (typeof value !== 'object' || value === null) {
    const text = canonical(value);
    if (work.isDue(stepsOf(text))) yield;
    return text;
  }
  const known = longTexts.get(value);
  if (known !== undefined) return known;
  const steps = stepsWithin(value, SMALL_STEPS);
  if (steps < SMALL_STEPS || depth > PIECES_DEPTH_MAX) {
    if (work.isDue(steps)) yield;
    return canonical(value);
  }
  let inner = '';
  if (isList(value)) {
    for (const item of value) {
      const text = yield* canonicalInPieces(item, work, depth + 1);
      inner += inner === '' ? text : `,${text}`;
    }
  } else {
    const names = Object.keys(value);
    if (work.isDue(names.length / 4)) yield;
    for (const name of names) {
      const text = yield* canonicalInPieces(value[name], work, depth + 1);
      inner += `${inner === '' ? '' : ','}${quoted(name)}:${text}`;
    }
  }
  const text = isList(value) ? `[${inner}]` : `{${inner}}`;
  if (text.length >= LONG_MIN) longTexts.set(value, text);
  return text;
}

/** Counts the steps to walk a value, up to `most`. */
export function stepsWithin(value: unknown, most: number): number {
  let steps = 0;
  const open: unknown[] = [value];
  while (open.length > 0 && steps < most) {
    const one = open.pop();
    steps += typeof one === 'string' ? stepsOf(one) : 1;
    if (typeof one !== 'object' || one === null) continue;
    if (Array.isArray(one)) {
      const items: readonly unknown[] = one;
      if (steps + items.length >= most) return most;
      for (const item of items) open.push(item);
      continue;
    }
    for (const name in one) {
      if (!Object.hasOwn(one, name)) continue;
      steps += name.length / CHARACTERS_OF_A_STEP;
      open.push((one as Readonly<Record<string, unknown>>)[name]);
      if (steps + open.length >= most) return most;
    }
  }
  return steps;
}

/** Length from which JSON.stringify is faster. */
const SHORT_MAX = 64;

/** Returns the text as JSON.stringify writes it. */
export function quoted(text: string): string {
  if (text.length > SHORT_MAX) return JSON.stringify(text);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Control characters, quotes, backslashes and halves of a pair are escaped.
    if (code < 32 || code === 34 || code === 92 || code >= 0xd8_00) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** Whether two values that `cleanJson` made are equal. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  return one !== null && other !== null && canonical(one) === canonical(other);
}

/** Compares by UTF-16 code units. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the object with its keys in canonical order. */
export function inOrder(object: JsonObject): JsonObject {
  const names = Object.keys(object);
  const ordered = namesInOrder(names);
  if (ordered === names) return object;
  return Object.fromEntries(ordered.map((name) => [name, object[name] ?? null]));
}

/** Returns the same text as JSON.stringify, on a stack of its own. */
function deepText(value: Json): string {
  const pieces: string[] = [];
  const open: (Json | { readonly text: string })[] = [value];
  const isText = (one: unknown): one is { readonly text: string } => one instanceof Piece;
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (isText(one)) {
      pieces.push(one.text);
    } else if (isList(one)) {
      open.push(new Piece(']'));
      for (let at = one.length - 1; at >= 0; at--) {
        open.push(one[at] ?? null);
        if (at > 0) open.push(new Piece(','));
      }
      open.push(new Piece('['));
    } else if (isObject(one)) {
      const names = Object.keys(one);
      open.push(new Piece('}'));
      for (let at = names.length - 1; at >= 0; at--) {
        const name = names[at] ?? '';
        open.push(one[name] ?? null);
        open.push(new Piece(`${at > 0 ? ',' : ''}${JSON.stringify(name)}:`));
      }
      open.push(new Piece('{'));
    } else {
      pieces.push(JSON.stringify(one));
    }
  }
  return pieces.join('');
}

class Piece {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
