/**
 * Checks what a caller names: an option that is misspelt would leave a default in force without a
 * word, and purge what was only to be counted (UX-2).
 *
 * @module
 */

import { HoldfastError } from './errors.ts';

/** Names longer than any of ours are not compared, so that the work is bounded. */
const LENGTH_MAX = 40;

/**
 * The known name that a misspelt one was most likely meant to be: the same but for case and dashes,
 * the beginning of one, or at most two letters away. `null` when none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > LENGTH_MAX) return null;
  const given = plain(name);
  let nearest: string | null = null;
  let least = Math.min(3, Math.ceil(given.length / 2));
  for (const candidate of known) {
    const other = plain(candidate);
    const isBeginning = given.length >= 3 && (other.startsWith(given) || given.startsWith(other));
    const distance = isBeginning ? 0.5 : distanceOf(given, other);
    if (given === other) return candidate;
    if (distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, '');
}

/** Letters to add, drop, change or swap with the next (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      line[column] = Math.min(
        (above[column] ?? 0) + 1,
        (line[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = above;
    above = line;
  }
  return above[other.length] ?? 0;
}

/** A number, and its range; both ends belong to it. */
export interface NumberRule {
  readonly min: number;
  /** `Infinity` for none. */
  readonly max: number;
  /** True for counts and milliseconds, which have no fractions. */
  readonly whole: boolean;
}

/** What a value may be beyond the named kinds; `rule` finishes the sentence "<field> …". */
export interface MatchRule {
  readonly matches: (value: unknown) => boolean;
  readonly rule: string;
}

/** A rule for a value that is looked at as a whole. */
export type PlainRule =
  | OptionKind
  | NumberRule
  | MatchRule
  /** One of these texts. */
  | { readonly oneOf: readonly string[] }
  /** What any of these rules allows. */
  | { readonly either: readonly PlainRule[] }
  | { readonly orNull: PlainRule };

/** A rule by the name of a kind, or by its parts. Left out, or `undefined`, an option may always be. */
export type OptionRule =
  | PlainRule
  /** An array, with a rule for each of its entries. */
  | { readonly each: OptionRule }
  /** An object of the caller's own names, with a rule for each value, and one for the names. */
  | { readonly entries: OptionRule; readonly named: MatchRule }
  /** An object whose fields are known. */
  | { readonly fields: OptionRules }
  /** May not be left out. */
  | { readonly required: OptionRule };

/** The rule of each option there is. */
export type OptionRules<Options = Readonly<Record<string, unknown>>> = {
  readonly [Name in keyof Options & string]-?: OptionRule;
};

const KINDS = {
  anything: { rule: '', matches: () => true },
  boolean: {
    rule: 'must be true or false',
    matches: (value) => typeof value === 'boolean',
  },
  function: { rule: 'must be a function', matches: (value) => typeof value === 'function' },
  text: {
    rule: 'must be a text that is not empty',
    matches: (value) => typeof value === 'string' && value !== '',
  },
  array: { rule: 'must be an array', matches: (value) => Array.isArray(value) },
  object: { rule: 'must be an object', matches: isObject },
  span: {
    rule: 'must be 0 or more milliseconds',
    matches: (value) => Number.isFinite(value) && Number(value) >= 0,
  },
  instant: {
    rule: 'must be milliseconds since 1970',
    matches: (value) => typeof value === 'number' && !Number.isNaN(value),
  },
  sequence: {
    rule: 'must be a whole number from 0; give what the page before said comes next',
    matches: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
  signal: {
    rule: 'must be an AbortSignal',
    matches: (value) => isObject(value) && 'aborted' in value && 'addEventListener' in value,
  },
} as const satisfies Readonly<Record<string, MatchRule>>;

/** The kinds that have a name. */
type OptionKind = keyof typeof KINDS;

/** The longest span a policy may name: a year, in milliseconds. */
export const SPAN_MS_MAX: number = 366 * 24 * 60 * 60 * 1000;

/** A whole number of milliseconds from `min` up to a year: for policies, which are kept as JSON. */
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

/** `min` or more milliseconds, without a bound. */
export function milliseconds(min: number): MatchRule {
  return {
    rule: `must be ${min} or more milliseconds`,
    matches: (value) => Number.isFinite(value) && Number(value) >= min,
  };
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A plain rule as the test and the sentence that it is. */
export function matchRule(rule: PlainRule): MatchRule {
  if (typeof rule === 'string') return KINDS[rule];
  if ('matches' in rule) return rule;
  if ('min' in rule) return rangeRule(rule);
  if ('oneOf' in rule) {
    const { oneOf } = rule;
    const matches = (value: unknown): boolean => oneOf.some((choice) => choice === value);
    return { rule: `must be one of ${oneOf.join(', ')}`, matches };
  }
  if ('orNull' in rule) {
    const other = matchRule(rule.orNull);
    const matches = (value: unknown): boolean => value === null || other.matches(value);
    return { rule: `${other.rule}, or null`, matches };
  }
  const rules = rule.either.map(matchRule);
  return {
    rule: rules
      .map((each) => each.rule)
      .join(', or ')
      .replaceAll(', or must be ', ', or '),
    matches: (value) => rules.some((each) => each.matches(value)),
  };
}

function rangeRule({ min, max, whole }: NumberRule): MatchRule {
  const what = whole ? 'a whole number' : 'a number';
  const range = max === Number.POSITIVE_INFINITY ? `from ${min}` : `from ${min} to ${max}`;
  const fits = (value: number): boolean =>
    value >= min && value <= max && (!whole || Number.isSafeInteger(value));
  return {
    rule: `must be ${what} ${range}`,
    matches: (value) => typeof value === 'number' && fits(value),
  };
}

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
