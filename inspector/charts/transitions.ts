/**
 * The transitions of a chart, each under a label that stays the same for all implementations of its guards
 * and actors: `machine.provide()` makes new transition objects, so identity can't be the key.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** One arrow of a chart. */
export interface ChartTransition {
  /** `state --event[guard]--> target`, unique in its machine. */
  readonly label: string;
  readonly source: AnyStateNode;
  /** The event's type; `''` for an eventless transition. */
  readonly eventType: string;
  /** The guard in words, `not(isCrisis)`; `null` when the arrow is always open. */
  readonly guard: string | null;
  readonly targets: readonly AnyStateNode[];
  readonly definition: AnyTransitionDefinition;
}

/** Every state of a chart in document order, the root first. */
export function allStates(machine: AnyStateMachine): readonly AnyStateNode[] {
  return withStates(machine.root).toSorted((a, b) => a.order - b.order);
}

function withStates(node: AnyStateNode): AnyStateNode[] {
  const inside: readonly AnyStateNode[] = Object.values(node.states);
  return [node, ...inside.flatMap(withStates)];
}

/** Every transition of a chart, in document order; those of one event in the order they are tried. */
export function allTransitions(machine: AnyStateMachine): readonly ChartTransition[] {
  return allStates(machine).flatMap((node) =>
    [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map(describeTransition),
  );
}

/** The label of one transition, as {@link ChartTransition.label}. */
export function transitionLabel(definition: AnyTransitionDefinition): string {
  const { source, eventType, guard, target } = definition;
  const condition = guard === undefined ? '' : `[${guardLabel(guard)}]`;
  const targets = target?.map((node) => node.id).join(', ') ?? '(stays)';
  return `${source.id} --${eventType === '' ? 'always' : eventType}${condition}--> ${targets}`;
}

/** A guard in words: its name, or `not(a)`, `and(a, b)`, `or(a, b)`, `in(state)` of named ones. */
export function guardLabel(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null && 'type' in guard) return String(guard.type);
  if (typeof guard !== 'function') return 'unnamed';
  if ('guards' in guard && Array.isArray(guard.guards)) {
    return `${guard.name}(${guard.guards.map(guardLabel).join(', ')})`;
  }
  return 'stateValue' in guard ? `in(${JSON.stringify(guard.stateValue)})` : 'unnamed';
}

/** The path of a state in its machine: `halfOpen`, `running.draining`; the machine's id for the root. */
export function statePath(node: AnyStateNode): string {
  return node.path.length === 0 ? node.id : node.path.join('.');
}

function describeTransition(definition: AnyTransitionDefinition): ChartTransition {
  return {
    label: transitionLabel(definition),
    source: definition.source,
    eventType: definition.eventType,
    guard: definition.guard === undefined ? null : guardLabel(definition.guard),
    targets: definition.target ?? [],
    definition,
  };
}

/** An event type in words: what the app sends as it is, what XState makes by what it means. */
export function eventInWords(eventType: string): string {
  if (eventType === '') return 'at once';
  const [, kind, rest = ''] =
    /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.+)$/.exec(eventType) ?? [];
  switch (kind) {
    case 'done.actor':
      return `${rest} ended`;
    case 'error.actor':
      return `${rest} failed`;
    case 'done.state':
      return `every part of ${rest} ended`;
    case 'after':
      return `after ${rest.split('.')[0]}`;
    default:
      return eventType;
  }
}
