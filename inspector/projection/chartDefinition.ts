/**
 * A chart for the Stately inspector: the configuration of a machine, rebuilt from names alone. Nothing
 * else that a machine holds is in it: no context, no function, no parameter of a guard, no description.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { actionName, chartShape } from '../charts/chartData.ts';
import { chartModel } from '../charts/chartModel.ts';
import { allTransitions, guardLabel } from '../charts/transitions.ts';
import type { Hello } from '../protocol.ts';

export interface StateDefinition {
  readonly id?: string;
  readonly type?: string;
  readonly history?: string;
  readonly initial?: string;
  readonly on?: Readonly<Record<string, readonly TransitionDefinition[]>>;
  readonly always?: readonly TransitionDefinition[];
  readonly invoke?: readonly { readonly src: string }[];
  readonly states?: Readonly<Record<string, StateDefinition>>;
}

export interface TransitionDefinition {
  readonly target?: readonly string[];
  readonly guard?: string;
  readonly actions?: readonly string[];
  readonly reenter?: true;
}

const texts = new WeakMap<AnyStateMachine, string>();

/** The definition of a chart as JSON, made once for all its actors. */
export function chartDefinition(machine: AnyStateMachine): string {
  const known = texts.get(machine);
  if (known !== undefined) return known;
  const text = JSON.stringify({ id: machine.id, ...stateDefinition(machine.root) });
  texts.set(machine, text);
  return text;
}

function stateDefinition(node: AnyStateNode): StateDefinition {
  const always = (node.always ?? []).map(transitionDefinition);
  const on = [...node.transitions].map(([event, transitions]): [string, TransitionDefinition[]] => [
    event,
    transitions.map(transitionDefinition),
  ]);
  const inside = Object.entries(node.states).map(([key, state]): [string, StateDefinition] => [
    key,
    stateDefinition(state as AnyStateNode),
  ]);
  const invoke = node.invoke.map(({ src, id }) => ({ src: typeof src === 'string' ? src : id }));
  return {
    ...(node.type === 'compound' || node.type === 'atomic' ? {} : { type: node.type }),
    ...(node.type === 'history' ? { history: String(node.history) } : {}),
    ...initialOf(node),
    ...(on.length === 0 ? {} : { on: Object.fromEntries(on) }),
    ...(always.length === 0 ? {} : { always }),
    ...(invoke.length === 0 ? {} : { invoke }),
    ...(inside.length === 0 ? {} : { states: Object.fromEntries(inside) }),
  };
}

function initialOf(node: AnyStateNode): { readonly initial?: string } {
  if (node.type !== 'compound') return {};
  const [target] = node.initial.target;
  return target === undefined ? {} : { initial: target.key };
}

function transitionDefinition({
  target,
  guard,
  actions,
  reenter,
}: AnyTransitionDefinition): TransitionDefinition {
  return {
    ...(target === undefined ? {} : { target: target.map(addressOf) }),
    ...(guard === undefined ? {} : { guard: guardLabel(guard) }),
    ...(actions.length === 0 ? {} : { actions: actions.map(actionName) }),
    ...(reenter ? { reenter } : {}),
  };
}

/** The address of a state from the root. */
function addressOf(node: AnyStateNode): string {
  return `#${[node.machine.id, ...node.path].join('.')}`;
}

// The names in a chart: its states as paths, and its transitions by their index in the chart's
// list. They are computed once for each chart, or variant of a chart with other implementations.

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

/** Lists the charts; made when somebody first watches, in a few milliseconds. */
export function toldCharts(machines: readonly AnyStateMachine[]): Hello['charts'] {
  return machines.map((machine) => ({
    machine: machine.id,
    version: machine.version ?? null,
    shape: chartShape(chartModel(machine)),
  }));
}

/** The name of a state, or one for each region. */
export type StateValue = string | { readonly [key: string]: StateValue };

/** `{ delivery: 'waiting', record: 'kept' }` for `['delivery.waiting', 'record.kept']`. */
export function stateValueOf(paths: readonly string[]): StateValue {
  const [only] = paths;
  if (only === undefined) return {};
  if (paths.length === 1 && !only.includes('.')) return only;
  const inside = new Map<string, string[]>();
  for (const path of paths) {
    const at = path.indexOf('.');
    const key = at === -1 ? path : path.slice(0, at);
    const rest = at === -1 ? [] : [path.slice(at + 1)];
    inside.set(key, [...(inside.get(key) ?? []), ...rest]);
  }
  return Object.fromEntries([...inside].map(([key, rest]) => [key, stateValueOf(rest)]));
}
