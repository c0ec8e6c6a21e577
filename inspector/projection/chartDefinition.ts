/**
 * A chart for the Stately inspector: the configuration of a machine, rebuilt from names alone. Nothing
 * else that a machine holds is in it: no context, no function, no parameter of a guard, no description.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { actionName } from '../charts/chartNames.ts';
import { guardLabel } from '../charts/transitions.ts';

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
