/**
 * Which events a chart ignores in which states, and whether each of these pairs has one reason.
 *
 * @module
 */

import type { AnyStateNode } from 'xstate';
import { innermostStates } from '../../../machines/vocabulary/innermost.ts';

/** Pairs that a chart ignores for one reason: each of these events, in each of these states. */
export interface Ignored<State extends string = string, EventType extends string = string> {
  readonly why: string;
  readonly events: readonly EventType[];
  readonly states: readonly State[];
}

/** As much of a chart, or of a region of one, as is looked at. */
export interface States {
  readonly states: Readonly<
    Record<string, { readonly key: string; readonly ownEvents: readonly string[] }>
  >;
}

/**
 * The innermost states below a node, each with the events that it takes itself or by its parents. What it writes down
 * with neither target nor action, its parents are not asked either.
 */
export function innermostIn(node: AnyStateNode): States {
  const eventsOf = (state: AnyStateNode): readonly string[] => {
    if (state === node || state.parent === undefined) return [];
    const { ownEvents, transitions, parent } = state;
    const refused = [...transitions]
      .filter(([, all]) => all.every(({ guard }) => guard === undefined))
      .map(([event]) => event);
    return [...ownEvents, ...but(eventsOf(parent), ...refused)];
  };
  const states = innermostStates(node).map((state) => ({
    ...{ key: state.key, ownEvents: eventsOf(state) },
  }));
  return { states: Object.fromEntries(states.map((state) => [state.key, state])) };
}

/** `state event` of every pair without a transition. */
export function ignoredPairs({ states }: States, events: readonly string[]): readonly string[] {
  return Object.values(states).flatMap(({ key, ownEvents }) =>
    events.filter((event) => !ownEvents.includes(event)).map((event) => `${key} ${event}`),
  );
}

/** What is wrong with the reasons: a pair without one, with two, or one for a pair that is not ignored. */
export function faultsOf(ignored: readonly string[], groups: readonly Ignored[]) {
  const explained = groups.flatMap(({ events, states }) =>
    states.flatMap((state) => events.map((event) => `${state} ${event}`)),
  );
  return {
    unexplained: ignored.filter((pair) => !explained.includes(pair)),
    explainedTwice: explained.filter((pair, index) => explained.indexOf(pair) !== index),
    notIgnored: explained.filter((pair) => !ignored.includes(pair)),
  };
}

/** Nothing is wrong. */
export const NO_FAULTS: ReturnType<typeof faultsOf> = {
  unexplained: [],
  explainedTwice: [],
  notIgnored: [],
};

/** All but these. */
export function but<T extends string>(all: readonly T[], ...except: readonly T[]): readonly T[] {
  return all.filter((one) => !except.includes(one));
}
