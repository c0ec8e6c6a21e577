/**
 * What the value of an option may be, as data: one grammar for the options of the runtime, of policies
 * and of calls. optionFields.ts checks whole objects by it.
 *
 * @module
 */

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
export type OptionKind = keyof typeof KINDS;

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
