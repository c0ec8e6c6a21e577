/**
 * Reads a policy made of plain numbers: fills in defaults and refuses what makes no sense.
 *
 * @module
 */

import { requireOption, unknownName } from './optionFields.ts';

/** What a number in a policy may be. Both ends belong to the range. */
export interface NumberRule {
  readonly min: number;
  readonly max: number;
  /** True for counts and milliseconds, which have no fractions. */
  readonly whole: boolean;
}

/** A policy that is numbers only, so that it can be kept as JSON and compared. */
export type NumberPolicy<Name extends string> = Readonly<Record<Name, number>>;

/** The longest span a policy may name: a year, in milliseconds. */
export const SPAN_MS_MAX: number = 366 * 24 * 60 * 60 * 1000;

/** A whole number of milliseconds from `min` up to a year. */
export function spanMs(min = 1): NumberRule {
  return { min, max: SPAN_MS_MAX, whole: true };
}

/** A whole number of things. */
export function count(min: number, max = 1_000_000): NumberRule {
  return { min, max, whole: true };
}

/** A share between 0 and 1. */
export function share(min = 0): NumberRule {
  return { min, max: 1, whole: false };
}

/**
 * Completes `options` with `defaults` and returns the policy, frozen.
 *
 * @param field the path of `options` in what the caller wrote, for the message
 * @throws HoldfastError HF_OPTION_INVALID naming the field that is unknown or out of range
 */
export function completePolicy<Name extends string>(
  options: Partial<NumberPolicy<Name>> | undefined,
  defaults: NumberPolicy<Name>,
  rules: Readonly<Record<Name, NumberRule>>,
  field: string,
): NumberPolicy<Name> {
  if (options === undefined) return defaults;
  requireOption(
    typeof options === 'object' && options !== null && !Array.isArray(options),
    field,
    'must be an object',
  );
  const policy: Record<Name, number> = { ...defaults };
  for (const [key, value] of Object.entries<unknown>(options)) {
    requireOption(isNameOf(rules, key), `${field}.${key}`, unknownName(key, Object.keys(rules)));
    if (value === undefined) continue;
    policy[key] = checkNumber(value, rules[key], `${field}.${key}`);
  }
  return Object.freeze(policy);
}

function isNameOf<Name extends string>(
  rules: Readonly<Record<Name, NumberRule>>,
  key: string,
): key is Name {
  return Object.hasOwn(rules, key);
}

/** @throws HoldfastError `HF_OPTION_INVALID` naming `field` when `value` breaks the rule */
export function checkNumber(value: unknown, rule: NumberRule, field: string): number {
  requireOption(
    typeof value === 'number' &&
      value >= rule.min &&
      value <= rule.max &&
      (!rule.whole || Number.isInteger(value)),
    field,
    `must be ${rule.whole ? 'a whole number' : 'a number'} from ${rule.min} to ${rule.max}`,
  );
  return value;
}
