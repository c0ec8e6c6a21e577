/**
 * What a chart calls what it does: its states as paths, and its transitions by their place in the chart's
 * list. Found out once for each chart, or each variant of one that has other implementations.
 *
 * @module
 */

import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { allTransitions } from '../charts/transitions.ts';

/** As XState writes where an actor is: the name of a state, or of each region its own. */
export type StateShown = string | { readonly [region: string]: StateShown | undefined };

/** Of states without regions, which are few and come again and again. */
const single = new Map<string, readonly string[]>();
const NOWHERE: readonly string[] = [];

/** The innermost active states as paths, one for each region. */
export function statePaths(value: StateShown | null): readonly string[] {
  if (value === null) return NOWHERE;
  if (typeof value !== 'string') return innermost(value, '');
  const known = single.get(value);
  if (known !== undefined) return known;
  const paths = Object.freeze([value]);
  single.set(value, paths);
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
/** Lists of one place, which most steps have. */
const alone: (readonly number[])[] = [];

/** The places of transitions in the list of their chart. */
export function transitionPlaces(
  transitions: readonly AnyTransitionDefinition[],
): readonly number[] {
  const [first, ...more] = transitions;
  if (first === undefined) return [];
  if (more.length > 0) return transitions.map(placeOf).filter((place) => place !== -1);
  const place = placeOf(first);
  if (place === -1) return [];
  alone[place] ??= Object.freeze([place]);
  return alone[place];
}

/** The step into the state where a chart begins is in no list: XState makes it of `initial`. */
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
