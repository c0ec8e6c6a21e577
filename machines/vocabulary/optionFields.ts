/**
 * Checks what a caller names: an option that is misspelt would leave a default in force without a
 * word, and purge what was only to be counted (UX-2).
 *
 * @module
 */

import { HoldfastError } from './errors.ts';
import { nearestName } from './nearestName.ts';
import {
  isObject,
  matchRule,
  type OptionRule,
  type OptionRules,
  type PlainRule,
} from './optionRules.ts';

/**
 * Refuses an option that cannot be used; `rule` finishes the sentence "<field> …".
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function requireOption(holds: boolean, field: string, rule: string): asserts holds {
  if (!holds) throw new HoldfastError('HF_OPTION_INVALID', `${field} ${rule}.`, { field });
}

/**
 * Checks that `options` is an object whose fields are known and keep their rules.
 *
 * @param field the path of `options` in what the caller wrote; empty where they are the call's own
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 * @example
 * checkFields(options, { dryRun: 'boolean', limit: count(1, 1_000) }, '');
 */
export function checkFields(options: unknown, rules: OptionRules, field: string): void {
  requireOption(isObject(options), field === '' ? 'options' : field, 'must be an object');
  const prefix = field === '' ? '' : `${field}.`;
  for (const name of Object.keys(options)) {
    requireKnown(Object.hasOwn(rules, name), `${prefix}${name}`, name, () => Object.keys(rules));
  }
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, rule] of Object.entries(rules)) {
    checkOption(given[name], rule, `${prefix}${name}`);
  }
}

/**
 * Refuses options that there were, each with what to do instead.
 *
 * @param removed by name, the end of the sentence "<field> …"
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function refuseRemoved(
  options: unknown,
  removed: Readonly<Record<string, string>>,
  field: string,
): void {
  if (!isObject(options)) return;
  for (const name of Object.keys(options)) {
    const instead = Object.hasOwn(removed, name) ? removed[name] : undefined;
    requireOption(instead === undefined, `${field}.${name}`, instead ?? '');
  }
}

/**
 * Checks the value of one option.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming `field`, or what is wrong below it.
 */
export function checkOption(value: unknown, rule: OptionRule, field: string): void {
  if (typeof rule === 'object' && 'required' in rule) {
    requireOption(value !== undefined, field, `is missing${sentence(rule.required)}`);
    checkOption(value, rule.required, field);
    return;
  }
  if (value === undefined) return;
  if (typeof rule === 'string' || !isCompound(rule)) {
    const { matches, rule: what } = matchRule(rule);
    requireOption(matches(value), field, what);
  } else if ('fields' in rule) {
    checkFields(value, rule.fields, field);
  } else if ('each' in rule) {
    checkOption(value, 'array', field);
    for (const [index, entry] of (value as readonly unknown[]).entries()) {
      requireOption(entry !== undefined, `${field}[${index}]`, 'is missing');
      checkOption(entry, rule.each, `${field}[${index}]`);
    }
  } else {
    checkOption(value, 'object', field);
    for (const [name, entry] of Object.entries(value as object)) {
      requireOption(rule.named.matches(name), `${field}.${name}`, rule.named.rule);
      requireOption(entry !== undefined, `${field}.${name}`, 'is missing');
      checkOption(entry, rule.entries, `${field}.${name}`);
    }
  }
}

/**
 * Checks `options` and completes them with `defaults`. The answer is frozen.
 *
 * @param field the path of `options` in what the caller wrote
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field that is unknown or breaks its rule.
 */
export function completeOptions<Options extends object>(
  options: { readonly [Name in keyof Options]?: Options[Name] | undefined } | undefined,
  defaults: Options,
  rules: OptionRules<Options>,
  field: string,
): Options {
  if (options !== undefined) checkFields(options, rules, field);
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.freeze({ ...defaults, ...Object.fromEntries(given) });
}

/**
 * Demands that a name is a known one. What is known is only asked for where it is not: ten thousand
 * upstreams are checked at a start, and each would be compared with all.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming `field`, with the name that is nearest.
 */
export function requireKnown(
  isKnown: boolean,
  field: string,
  name: string,
  known: () => readonly string[],
): void {
  if (!isKnown) requireOption(false, field, unknownName(name, known()));
}

/** The end of a sentence about a name that is none of `known`. */
export function unknownName(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'is not known; there is none to give';
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

function isCompound(rule: Exclude<OptionRule, string>): rule is Exclude<OptionRule, PlainRule> {
  return 'fields' in rule || 'each' in rule || 'entries' in rule || 'required' in rule;
}

function sentence(rule: OptionRule): string {
  const isPlain = typeof rule === 'string' || !isCompound(rule);
  return isPlain ? `; it ${matchRule(rule).rule}` : '';
}
