/**
 * The names in a chart: its states as paths, and its transitions by their index in the chart's
 * list. They are computed once for each chart, or variant of a chart with other implementations.
 *
 * @module
 */

import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { allTransitions } from '../charts/transitions.ts';

/** A state value of XState: the name of a state, or one for each region. */
export type StateShown = string | { readonly [region: string]: StateShown | undefined };

/** Each list of paths once: there are few, and they recur. */
const remembered = new Map<string, readonly string[]>();
const NOWHERE: readonly string[] = [];

/** The innermost active states as paths, one for each region: always the same list for the same states. */
export function statePaths(value: StateShown | null): readonly string[] {
  if (value === null) return NOWHERE;
  if (typeof value === 'string') return remembered.get(value) ?? remember(value, [value]);
  const paths = innermost(value, '');
  const key = paths.join('|');
  return remembered.get(key) ?? remember(key, paths);
}

function remember(key: string, paths: readonly string[]): readonly string[] {
  remembered.set(key, Object.freeze(paths));
  return paths;
}

function innermost(value: StateShown, within: string): readonly string[] {
  if (typeof value === 'string') return [`${within}${value}`];
  return Object.entries(value).flatMap(([state, inner]) => {
    const isInnermost = inner === undefined || Object.keys(inner).length === 0;
    return isInnermost ? [`${within}${state}`] : innermost(inner, `${within}${state}.`);
  });
}

const places = new WeakMap<AnyTransitionDefinition, number>();
/** Each list of indexes once. */
const listed = new Map<string, readonly number[]>();
/** Lists of one index, which most steps have. */
const single: (readonly number[])[] = [];
const NONE: readonly number[] = [];

/** The indexes of transitions in the list of their chart: always the same list for the same indexes. */
export function transitionPlaces(
  transitions: readonly AnyTransitionDefinition[],
): readonly number[] {
  const [first] = transitions;
  if (first === undefined) return NONE;
  if (transitions.length === 1) {
    const place = placeOf(first);
    return single[place] ?? (single[place] = Object.freeze(place === -1 ? [] : [place]));
  }
  const found = transitions.map(placeOf).filter((place) => place !== -1);
  const key = found.join();
  const before = listed.get(key);
  if (before !== undefined) return before;
  listed.set(key, Object.freeze(found));
  return found;
}

/** The index of a transition. That into the initial state is in no list: XState makes it from `initial`. */
function placeOf(transition: AnyTransitionDefinition): number {
  const known = places.get(transition);
  if (known !== undefined) return known;
  const { machine } = transition.source;
  for (const [place, { definition }] of allTransitions(machine as AnyStateMachine).entries()) {
    places.set(definition, place);
  }
  const found = places.get(transition) ?? -1;
  places.set(transition, found);
  return found;
}
