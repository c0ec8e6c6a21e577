/**
 * Rules that an app writes itself. They have to be pure; whatever they do, the merge goes on.
 *
 * @module
 */

import type { Json } from '../../vocabulary/shape.ts';
import { canonical } from '../values/canonical.ts';
import { cleanJson } from '../values/cleanJson.ts';
import { type Alt, type Decide, type Rule, whole } from './rule.ts';
import { decideLatest } from './single.ts';

/** Decision of an app's rule. */
export interface Resolution<Value> {
  readonly value: Value;
  /** Reason to ask a person; left out for none. */
  readonly review?: string;
}

/** Value of a side, for an app's rule. */
export interface Choice<Value> {
  readonly value: Value;
  readonly actor: string;
  readonly atMs: number;
  readonly verified: boolean;
}

export interface OwnRule<Value> {
  readonly says: string;
  readonly asks?: string;
  /**
   * Decides the value from the base and what the devices wrote, each value once, the latest first. It must always
   * give the same for the same input, and change nothing. If it throws, or returns what JSON can't hold, it is
   * ignored: the latest counts, and a person is asked.
   */
  readonly resolve: (
    base: Value | undefined,
    choices: readonly Choice<Value>[],
  ) => Resolution<Value>;
}

/** Makes a rule of the app. */
export function ownRule<Value>({ says, asks = '', resolve }: OwnRule<Value>): Rule<Value> {
  const decide: Decide = (alts, base) => {
    const resolution = ask(alts, base, resolve);
    if (resolution === null) {
      return {
        ...decideLatest(alts, base),
        asks: [{ reason: 'the rule failed', alternatives: alts }],
      };
    }
    const { value, review } = resolution;
    const lost = alts.filter((alt) => canonical(alt.value) !== canonical(value));
    const verdict = { value, lost, reason: 'by a rule of the app' };
    return review === undefined
      ? verdict
      : { ...verdict, asks: [{ reason: review, alternatives: alts }] };
  };
  return whole({ kind: 'own rule', says, asks }, decide);
}

function ask<Value>(
  alts: readonly Alt[],
  base: Json | undefined,
  resolve: OwnRule<Value>['resolve'],
): { readonly value: Json; readonly review?: string } | null {
  try {
    const choices = alts.map(({ value, from, sworn }) => ({
      value: cleanJson(value) as Value,
      actor: from.actor,
      atMs: from.ms,
      verified: sworn !== null,
    }));
    const given: unknown = resolve(cleanJson(base) as Value | undefined, choices);
    if (typeof given !== 'object' || given === null) return null;
    const value = cleanJson((given as { readonly value?: unknown }).value);
    const review: unknown = (given as { readonly review?: unknown }).review;
    if (value === undefined) return null;
    return typeof review === 'string' && review !== '' ? { value, review } : { value };
  } catch {
    return null;
  }
}
