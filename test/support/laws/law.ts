/**
 * A law of merges, and what it is tried on.
 *
 * @module
 */

import fc from 'fast-check';
import {
  advanceVector,
  clampedMs,
  compareStamps,
  compareVectors,
  joinVectors,
  nextStamp,
  stampAfter,
} from '../../../machines/merge/clock/hybridClock.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import { type Merged, mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import type { MergeCase } from '../../../src/testing/lawsOfMerges.ts';
import { casesOf } from '../merge/arbitraries.ts';

/** The clock and the vectors, so that faulty ones can take their place. */
export const CLOCK = {
  nextStamp,
  stampAfter,
  compareStamps,
  clampedMs,
  compareVectors,
  joinVectors,
  advanceVector,
} as const;

/** What a law is tried on: an entity, or one policy of the kit. */
export interface Subject {
  readonly name: string;
  readonly rules: EntityRules;
  readonly record: fc.Arbitrary<unknown>;
  readonly clock?: Partial<typeof CLOCK>;
}

export interface Law {
  /** As in the list of laws: `L1`; or those that one merge is looked at for, as `L1-L7`. */
  readonly id: string;
  readonly says: string;
  /** The entities of which it speaks; without them, all subjects, or, with `once`, none of them. */
  readonly entities?: readonly string[];
  /** It speaks of no entity. */
  readonly once?: boolean;
  readonly property: (subject: Subject) => fc.IRawProperty<unknown>;
}

/** A property of merges of a subject. What does not hold is thrown. */
export function ofMerges(
  check: (one: MergeCase, merged: Merged, rules: EntityRules) => void,
): Law['property'] {
  return ({ rules, record }) =>
    fc.property(casesOf(record), (one) => {
      check(one, mergeEntity(rules, one.base, one.sides, one.nowMs), rules);
    }) as fc.IRawProperty<unknown>;
}

/** What came of trying a property. None of them waits for anything. */
export function resultOf(
  property: fc.IRawProperty<unknown>,
  parameters: fc.Parameters<unknown>,
): fc.RunDetails<unknown> {
  return fc.check(property, parameters) as fc.RunDetails<unknown>;
}

/** Throws what does not hold, in words. */
export function must(holds: boolean, says: string): void {
  if (!holds) throw new Error(says);
}

type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const listOf = (value: unknown, name: string): readonly Fields[] => {
  const list = fieldsOf(value)[name];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
};

/** The ancestor and what each side has. */
export const statesOf = ({ base, sides }: MergeCase): readonly unknown[] => [
  base,
  ...sides.map(({ value }) => value),
];
