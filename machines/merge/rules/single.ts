/**
 * Rules for a single value: one of those written counts, and none is invented.
 *
 * @module
 */

import type { Json } from '../../vocabulary/shape.ts';
import { canonical, compareText, isSame } from '../values/canonical.ts';
import {
  type Alt,
  compareSworn,
  type Decide,
  others,
  type Question,
  type Rule,
  whole,
} from './rule.ts';

/** Makes a rule by which the latest edit counts; an earlier one of another device is kept in the audit. */
export function latest(): Rule {
  return whole(
    {
      kind: 'latest wins',
      says: 'The latest edit stands; the other is kept in the audit.',
      asks: '',
    },
    decideLatest,
  );
}

export const decideLatest: Decide = (alts, base) => {
  const [first] = alts;
  return first === undefined
    ? { value: base }
    : { value: first.value, lost: others(alts, first), reason: 'a later edit stands' };
};

/** Makes a rule by which different edits are all kept and shown; the latest counts until a person decides. */
export function both(): Rule {
  return whole(
    {
      kind: 'both are kept',
      says: 'The latest edit stands for now; all of them are kept and shown.',
      asks: 'two devices changed it differently',
    },
    (alts, base) => {
      const verdict = decideLatest(alts, base);
      if (alts.length > 1) return { ...verdict, asks: [question('changed differently', alts)] };
      const isCleared = verdict.value === null || verdict.value === '';
      if (!isCleared || base === undefined || isSame(base, verdict.value)) return verdict;
      const [by] = alts;
      // A value is not lost because somebody emptied the field.
      return by === undefined
        ? verdict
        : { ...verdict, reason: 'emptied', lost: [{ ...by, value: base }] };
    },
  );
}

/** Makes a rule by which neither edit is taken: the base stays, or `safe` without one. A person decides. */
export function ask(safe: Json): Rule {
  return whole(
    {
      kind: 'ask',
      says: `When devices differ nothing is changed; where nothing was set, ${canonical(safe)} stands.`,
      asks: 'two devices changed it differently',
      isGuarded: true,
    },
    (alts, base) => {
      if (alts.length < 2) return decideLatest(alts, base);
      const isSet = base !== undefined && base !== null;
      return { value: isSet ? base : safe, asks: [question('changed differently', alts)] };
    },
  );
}

/** Makes a rule by which an authority's value counts; a device's value counts only until an authority has spoken. */
export function serverDecides(): Rule {
  return whole(
    {
      kind: 'server decides',
      says: 'What the server says stands; what a device says is kept in the audit.',
      asks: '',
      isGuarded: true,
      mayGo: () => false,
    },
    (alts, base) => {
      const sworn = swornAlts(alts);
      const reason = 'the server decides';
      const [first] = sworn.length > 0 || base !== undefined ? sworn : alts;
      return { value: first === undefined ? base : first.value, lost: others(alts, first), reason };
    },
  );
}

/** Returns verified values, that with the latest statement first. */
export function swornAlts(alts: readonly Alt[]): readonly Alt[] {
  const moment = ({ sworn, from }: Alt) => sworn ?? from;
  return alts
    .filter(({ sworn }) => sworn !== null)
    .toSorted(
      (one, other) =>
        compareSworn(moment(other), moment(one)) ||
        compareText(canonical(one.value), canonical(other.value)),
    );
}

/**
 * Makes a rule by which the strictest of different edits counts, whatever the clocks say. An unopposed edit applies.
 *
 * @param order the strictest first
 */
export function strictest(order: readonly Json[] = [false, true]): Rule {
  const places = new Map(order.map((value, place) => [canonical(value), place]));
  // Null withdraws a value, which is no permission.
  if (!places.has('null')) places.set('null', 0.5);
  return whole(
    {
      kind: 'strictest wins',
      says: `Of different edits the strictest stands, whichever is later: ${order.map((value) => canonical(value)).join(' before ')}.`,
      asks: 'devices differ, and one wrote something else than these',
      isGuarded: true,
    },
    (alts, base) => {
      if (alts.length < 2) return decideLatest(alts, base);
      const known = alts.filter(({ value }) => places.has(canonical(value)));
      const unknown = alts.filter(({ value }) => !places.has(canonical(value)));
      const place = ({ value }: Alt) => places.get(canonical(value)) ?? 0;
      const [first] = known.toSorted((one, other) => place(one) - place(other));
      const verdict = {
        value: first === undefined ? base : first.value,
        lost: others(alts, first),
        reason: 'the stricter stands',
      };
      return unknown.length === 0
        ? verdict
        : { ...verdict, asks: [question('not a known choice', alts)] };
    },
  );
}

/**
 * Makes a rule for a state that only moves forward. Two states of the same rank exclude each other: a person decides.
 *
 * @param ranks the states in their order; those that exclude each other are in one list
 */
export function furthest(ranks: readonly (string | readonly string[])[]): Rule {
  const rankOf = new Map<Json | undefined, number>();
  for (const [rank, states] of ranks.entries()) {
    for (const state of typeof states === 'string' ? [states] : states) rankOf.set(state, rank);
  }
  const words = ranks.map((states) => (typeof states === 'string' ? states : states.join(' or ')));
  return whole(
    {
      kind: 'furthest wins',
      says: `It goes only forward: ${words.join(', then ')}.`,
      asks: 'devices have states that exclude each other, or one that is not known',
      isGuarded: true,
      mayGo: () => false,
    },
    (alts, base) => {
      const known = alts.filter(({ value }) => rankOf.has(value));
      const unknown = alts.filter(({ value }) => !rankOf.has(value));
      const rank = (value: Json | undefined) => rankOf.get(value) ?? -1;
      const top = Math.max(rank(base), ...known.map(({ value }) => rank(value)));
      const isBase = top >= 0 && rank(base) === top;
      const tops = known.filter(({ value }) => rank(value) === top);
      // The state listed first: money that moved comes before a bill that was withdrawn.
      const listed = [...rankOf.keys()];
      const [first] = tops.toSorted(
        (one, other) => listed.indexOf(one.value) - listed.indexOf(other.value),
      );
      const kept = isBase ? undefined : first;
      const asks: Question[] = [];
      const rivals = tops.filter(({ value }) => !isSame(value, isBase ? base : first?.value));
      if (rivals.length > 0) {
        const ours = isBase ? [{ value: base ?? null, from: null }] : [];
        asks.push({ reason: 'states exclude each other', alternatives: [...ours, ...tops] });
      }
      if (unknown.length > 0) asks.push(question('not a known state', unknown));
      return {
        value: kept === undefined ? base : kept.value,
        lost: others(alts, kept),
        reason: 'the state goes only forward',
        asks,
      };
    },
  );
}

/** Makes a rule by which the largest number counts. With `grows` it never decreases. */
export function largest({ grows = false }: { readonly grows?: boolean } = {}): Rule {
  return largestBy(
    (value) => (typeof value === 'number' ? [value] : null),
    grows ? 'The largest number stands; it never becomes smaller.' : 'The largest number stands.',
    grows,
  );
}

/** Makes a rule by which the largest counts, by numbers that are compared in turn. */
export function largestBy(
  numbersOf: (value: Json) => readonly number[] | null,
  says: string,
  grows = false,
): Rule {
  const compare = (one: readonly number[], other: readonly number[]) => {
    for (const [at, number] of one.entries()) {
      const difference = number - (other[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const words = {
    kind: 'largest wins',
    says,
    asks: '',
    isGuarded: true,
    mayGo: () => !grows,
  } as const;
  return whole(words, (alts, base) => {
    const sized = alts.flatMap((alt) => {
      const numbers = numbersOf(alt.value);
      return numbers === null ? [] : [{ alt, numbers }];
    });
    if (sized.length === 0) return decideLatest(alts, base);
    const [first] = sized.toSorted((one, other) => compare(other.numbers, one.numbers));
    const before = base === undefined || !grows ? null : numbersOf(base);
    const isSmaller = before !== null && first !== undefined && compare(before, first.numbers) >= 0;
    const kept = isSmaller ? undefined : first?.alt;
    return {
      value: kept === undefined ? base : kept.value,
      lost: others(alts, kept),
      reason: 'the larger stands',
    };
  });
}

/** Makes a rule by which the first value stays. A change of it is kept for a person. */
export function firstStays(): Rule {
  return whole(
    {
      kind: 'first stays',
      says: 'It never changes.',
      asks: 'a device changed it',
      isGuarded: true,
      mayGo: () => false,
    },
    (alts, base) => {
      const [first] = alts.toReversed();
      if (base !== undefined && base !== null) {
        const ours = { value: base, from: null };
        const asks = [{ reason: 'must not change', alternatives: [ours, ...alts] }];
        return alts.length === 0 ? { value: base } : { value: base, asks };
      }
      if (alts.length < 2) return decideLatest(alts, base);
      return { value: first?.value, asks: [question('must not change', alts)] };
    },
  );
}

function question(reason: string, alternatives: readonly Alt[]): Question {
  return { reason, alternatives };
}
