/**
 * Every field that can be set, read from the rules that check it, with its least and its greatest value.
 *
 * @module
 */

import { RATE_LIMIT_RULES } from '../../../machines/policy/flow/tokenRate.ts';
import {
  POLICY_PARTS,
  type PolicyName,
  RATES,
} from '../../../machines/policy/layers/policyFields.ts';
import {
  matchRule,
  type NumberRule,
  type OptionRule,
  type OptionRules,
  type PlainRule,
} from '../../../machines/vocabulary/optionFields.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

/** Number above every sensible value. */
export const HUGE = Number.MAX_SAFE_INTEGER;
export const YEAR_MS: number = 366 * 86_400_000;
/** Numbers to try with a rule without a range: the first and the last that it allows are its ends. */
const NUMBERS = [0, 1, YEAR_MS, HUGE];

/** Lists each field with a rule of its own, by its path: `crisis.pace.anewMs`, `handlers.*.key`, `entities[]`. */
export function everyOption(rules: OptionRules): ReadonlyMap<string, PlainRule> {
  const found = new Map<string, PlainRule>();
  const walk = (rule: OptionRule, path: string): void => {
    if (typeof rule === 'string') found.set(path, rule);
    else if ('required' in rule) walk(rule.required, path);
    else if ('fields' in rule) {
      for (const [name, each] of Object.entries(rule.fields)) walk(each, joined(path, name));
    } else if ('entries' in rule) walk(rule.entries, `${path}.*`);
    else if ('each' in rule) walk(rule.each, `${path}[]`);
    else found.set(path, rule);
  };
  walk({ fields: rules }, '');
  return found;
}

/** Lists each policy of these layers, part by part: `watchdogMs`, `retry.attemptsMax`. */
export function everyPolicy(
  layers: readonly OptionRules[],
  partsOf: (policy: string) => OptionRules | undefined = (policy) =>
    POLICY_PARTS[policy as PolicyName],
): ReadonlyMap<string, PlainRule> {
  const found = new Map<string, PlainRule>();
  for (const rules of layers) {
    for (const [policy, rule] of Object.entries(rules)) {
      const parts = partsOf(policy);
      if (parts === undefined) found.set(policy, rule as PlainRule);
      else
        for (const [name, each] of Object.entries(parts))
          found.set(`${policy}.${name}`, each as PlainRule);
    }
  }
  return found;
}

/**
 * Lists the least and the greatest value that a rule allows, and `null` where that is a value; nothing where the rule
 * has neither.
 */
export function endsOf(name: string, rule: PlainRule): readonly Json[] {
  if (RATES.some((rate) => rate === name)) return [...rateLimits(), null];
  if (rule === 'boolean') return [false, true];
  if (typeof rule === 'object' && 'orNull' in rule) return [...endsOf(name, rule.orNull), null];
  if (typeof rule === 'object' && 'oneOf' in rule) return rule.oneOf;
  if (typeof rule === 'object' && 'min' in rule) return ends(rule);
  const { matches } = matchRule(rule);
  const fit = NUMBERS.filter((number) => matches(number));
  const [least, greatest] = [fit[0], fit.at(-1)];
  return least === undefined || greatest === undefined ? [] : [least, greatest];
}

function ends({ min, max }: NumberRule): readonly number[] {
  return [min, max === Number.POSITIVE_INFINITY ? HUGE : max];
}

/** Lists rate limits of next to nothing and of next to everything. */
function rateLimits(): readonly Json[] {
  const [slowest = 0, fastest = 0] = ends(rangeOf(RATE_LIMIT_RULES.perSecond));
  const [least = 0, most = 0] = ends(rangeOf(RATE_LIMIT_RULES.burst));
  return [
    { perSecond: slowest, burst: least },
    { perSecond: fastest, burst: most },
  ];
}

function rangeOf(rule: OptionRule): NumberRule {
  if (typeof rule === 'object' && 'required' in rule) return rangeOf(rule.required);
  if (typeof rule === 'object' && 'min' in rule) return rule;
  throw new Error('A rate limit has numbers.');
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
