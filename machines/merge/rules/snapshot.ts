/**
 * Facts of a provider, never mixed. The latest verified statement counts whole; unverified values change nothing
 * (CF-7).
 *
 * @module
 */

import type { Json } from '../../vocabulary/shape.ts';
import { canonical, compareText, isObject, isSame } from '../values/canonical.ts';
import type { Origin } from './change.ts';
import { type Alt, compareSworn, type Question, type Rule, whole } from './rule.ts';

export interface SnapshotRules {
  /** Final states of a field, which only a person leaves. */
  readonly ends?: { readonly field: string; readonly states: readonly string[] };
  /** Returns the time that a value itself says it is about. */
  readonly asOf?: (value: Json | undefined) => number | null;
  /** Whether a value wins over another of the same time. Without it a person is asked. */
  readonly prefers?: (value: Json) => boolean;
}

interface Said extends Alt {
  readonly by: Origin;
  readonly asOfMs: number;
}

const NEVER = -1;

/** Makes a rule for a provider's statement, taken whole. */
export function snapshot({ ends, asOf = () => null, prefers }: SnapshotRules = {}): Rule {
  const stateOf = (value: Json | undefined) =>
    ends !== undefined && isObject(value) ? value[ends.field] : undefined;
  const isEnd = (value: Json | undefined) => {
    const state = stateOf(value);
    return typeof state === 'string' && ends?.states.includes(state) === true;
  };
  return whole(
    {
      kind: 'provider snapshot',
      says: 'What the provider says of the latest moment stands, all of it together. What a device claims without proof changes nothing and is kept in the audit.',
      asks: [
        ends === undefined ? '' : `it would leave an end (${ends.states.join(', ')})`,
        prefers === undefined ? 'the provider said two things of one moment' : '',
      ]
        .filter((words) => words !== '')
        .join('; '),
    },
    (alts, base) => {
      const said = alts
        .flatMap((alt): readonly Said[] =>
          alt.sworn === null
            ? []
            : [{ ...alt, by: alt.sworn, asOfMs: asOf(alt.value) ?? alt.sworn.asOfMs ?? NEVER }],
        )
        .toSorted(
          (one, other) =>
            one.asOfMs - other.asOfMs ||
            Number(prefers?.(one.value)) - Number(prefers?.(other.value)) ||
            compareSworn(one.by, other.by) ||
            compareText(canonical(one.value), canonical(other.value)),
        );
      const asks: Question[] = [];
      let stands: Said | null = null;
      let value = base;
      // The base may be about a later time than what follows it.
      let asOfMs = asOf(base) ?? Number.NEGATIVE_INFINITY;
      for (const one of said) {
        if (one.asOfMs < asOfMs) continue;
        if (isEnd(value) && !isEnd(one.value)) {
          const ended = stands ?? { value: value ?? null, from: null };
          asks.push({ reason: 'it has ended', alternatives: [ended, one] });
          continue;
        }
        const isSameMoment = stands !== null && stands.asOfMs === one.asOfMs;
        if (isSameMoment && stands !== null && prefers === undefined) {
          asks.push({ reason: 'two answers of one moment', alternatives: [stands, one] });
        }
        stands = one;
        value = one.value;
        asOfMs = one.asOfMs;
      }
      const lost = alts.filter((alt) => !isSame(alt.value, value) && !isSame(alt.value, base));
      return { value, lost, reason: 'the provider decides', asks };
    },
    true,
  );
}
