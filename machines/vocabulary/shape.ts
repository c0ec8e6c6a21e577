/**
 * Whether a value of unknown origin has a shape.
 *
 * @module
 */

export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === 'string';
export const isFlag: Check = (value) => typeof value === 'boolean';
export const isNumber: Check = (value) => Number.isFinite(value);
export const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

export const hasShape = (shape: Readonly<Record<string, Check>>): Check => {
  const fields = Object.entries(shape);
  return (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const record = value as Readonly<Record<string, unknown>>;
    return fields.every(([name, check]) => check(record[name]));
  };
};

/** A value that JSON can carry without loss. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object that JSON can carry without loss. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** How deep a value of unknown origin may be nested. */
export const JSON_DEPTH_MAX = 100;

/** Whether an object is of no class, in this realm or another: its prototype is the last of its line. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Names in the one order of canonical texts: that in which `JSON.stringify` writes them once they were sorted. Numbers of
 * items come first, as every object of the language has them; the others follow by UTF-16 code units.
 */
export function namesInOrder(names: readonly string[]): readonly string[] {
  for (let at = 1; at < names.length; at += 1) {
    if (compareNames(String(names[at - 1]), String(names[at])) > 0) {
      return names.toSorted(compareNames);
    }
  }
  return names;
}

function compareNames(one: string, other: string): number {
  const number = itemNumber(one);
  const otherNumber = itemNumber(other);
  if (number !== otherNumber) return number - otherNumber;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** The greatest number of an item that objects put in order. */
const ITEM_MAX = 2 ** 32 - 2;

/** `ITEM_MAX + 1` for a name that is no number of an item. */
function itemNumber(name: string): number {
  const first = name.charCodeAt(0);
  if (!(first >= 48 && first <= 57)) return ITEM_MAX + 1;
  const number = Number(name);
  const isItem = Number.isInteger(number) && number <= ITEM_MAX && String(number) === name;
  return isItem ? number : ITEM_MAX + 1;
}

/** The bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts 2, which makes the 4 bytes of the pair.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}
