/**
 * Checks what a caller names: an option that is misspelt would leave a default in force without a
 * word, and purge what was only to be counted (UX-2).
 *
 * @module
 */

import { HoldfastError } from './errors.ts';
import { nearestName } from './nearestName.ts';

/** What the value of an option may be. Left out, or `undefined`, it always may. */
const KINDS = {
  anything: { rule: '', holds: () => true },
  boolean: { rule: 'must be true or false', holds: (value: unknown) => typeof value === 'boolean' },
  function: { rule: 'must be a function', holds: (value: unknown) => typeof value === 'function' },
  text: {
    rule: 'must be a text that is not empty',
    holds: (value: unknown) => typeof value === 'string' && value !== '',
  },
  array: { rule: 'must be an array', holds: (value: unknown) => Array.isArray(value) },
  object: { rule: 'must be an object', holds: isObject },
  span: {
    rule: 'must be 0 or more milliseconds',
    holds: (value: unknown) => Number.isFinite(value) && Number(value) >= 0,
  },
  sequence: {
    rule: 'must be a whole number from 0; give what the page before said comes next',
    holds: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
  signal: {
    rule: 'must be an AbortSignal',
    holds: (value: unknown) => isObject(value) && 'aborted' in value && 'addEventListener' in value,
  },
} as const;

export type OptionKind = keyof typeof KINDS;

/** The kind of each option there is; `satisfies` it where the options have a type. */
export type OptionKinds<Options> = Readonly<Record<keyof Options & string, OptionKind>>;

/**
 * Refuses an option that cannot be used; `rule` finishes the sentence "<field> …".
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function requireOption(holds: boolean, field: string, rule: string): asserts holds {
  if (!holds) throw new HoldfastError('HF_OPTION_INVALID', `${field} ${rule}.`, { field });
}

/**
 * Checks that `options` is an object whose fields are known and of their kind.
 *
 * @param field the path of `options` in what the caller wrote; empty where they are the call's own
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function checkFields(
  options: unknown,
  kinds: Readonly<Record<string, OptionKind>>,
  field: string,
): void {
  requireOption(isObject(options), field === '' ? 'options' : field, 'must be an object');
  const prefix = field === '' ? '' : `${field}.`;
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    requireOption(kind !== undefined, `${prefix}${name}`, unknownName(name, Object.keys(kinds)));
    const { rule, holds } = KINDS[kind];
    requireOption(value === undefined || holds(value), `${prefix}${name}`, rule);
  }
}

/** The end of a sentence about a name that is none of `known`. */
export function unknownName(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  const hint = nearest === null ? ';' : `; did you mean ${nearest}?`;
  return `is not known${hint} known are ${known.join(', ')}`;
}

/**
 * Checks the id of an operation. Ids come from outside, and one that is no text must not reach the
 * store.
 *
 * @throws HoldfastError `HF_OPTION_INVALID`.
 */
export function checkId(id: unknown): asserts id is string {
  requireOption(typeof id === 'string', 'id', 'must be the id of an operation, a text');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
