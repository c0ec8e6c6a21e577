/**
 * Number that devices count up and down, each for itself: their additions are added.
 *
 * @module
 */

import type { Json } from '../../vocabulary/shape.ts';
import { isSame } from '../values/canonical.ts';
import type { Change } from './change.ts';
import { type Alt, altsOf, others, type Rule, ruleBy, type Verdict } from './rule.ts';

/**
 * Rule for a number that devices count: two devices that each made 6 of 5 come to 7. Give it an initial value, such
 * as 0, before devices diverge: without a base the largest wins, and a person is asked where they differ.
 *
 * @example
 * const habit = defineEntity<{ cups: number }>()({ type: 'habit', fields: { cups: counter() } });
 */
export function counter(): Rule<number> {
  return {
    kind: 'counter',
    says: 'What each device added, or took away, is added.',
    asks: 'it was no number, or what it was before is not known',
    isGuarded: true,
    isSum: true,
    note: (base, side, notes) => {
      if (side !== undefined && !isSame(base, side)) notes.add('set', side);
    },
    project: (base, { own }, ruling) => {
      const verdict = counted(own, base);
      ruleBy('counter', verdict, ruling);
      return verdict.value;
    },
  };
}

function counted(changes: readonly Change[], base: Json | undefined): Verdict {
  const alts = altsOf(changes);
  const strange = alts.filter(({ value }) => typeof value !== 'number' && value !== null);
  const numbers = alts.filter(({ value }) => typeof value === 'number');
  const asks = strange.length > 0 ? [{ reason: 'not a number', alternatives: strange }] : [];
  if (numbers.length === 0) return { value: base ?? alts[0]?.value, asks };
  if (typeof base !== 'number') return ofUnknown(numbers, asks);
  // Each device's count is added, even where two came to the same.
  const counts = changes.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
  const [only = base] = counts;
  const sum = counts.reduce((all, count) => all + (count - base), base);
  const value = counts.length === 1 ? only : sum + 0;
  if (!Number.isFinite(value)) return ofUnknown(numbers, asks);
  return {
    value,
    lost: numbers.filter((alt) => alt.value !== value),
    reason: 'what each added is added',
    asks,
  };
}

/** Decides without a base: what each added is unknown. */
function ofUnknown(numbers: readonly Alt[], asks: NonNullable<Verdict['asks']>): Verdict {
  const largest = numbers.toSorted((one, other) => Number(other.value) - Number(one.value))[0];
  const value = largest?.value;
  if (numbers.length < 2) return { value, asks };
  const question = { reason: 'what it was before is not known', alternatives: numbers };
  return { value, lost: others(numbers, largest), asks: [question, ...asks] };
}
