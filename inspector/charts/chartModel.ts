/**
 * Makes plain data of a machine.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import {
  actionName,
  type ChartModel,
  guardInWords,
  type RuleModel,
  type StateModel,
  type TransitionModel,
} from './chartData.ts';
import { lastsOf, requirementsOf, usualPathOf } from './chartFaults.ts';
import { allStates, allTransitions, type ChartTransition } from './transitions.ts';

/** Fields for readers, which no test depends on; and the hash itself. */
const WORDS = new Set([
  'hash',
  'purpose',
  'description',
  'lasts',
  'means',
  'requirements',
  'usualPath',
]);

/** `sha256:…` of a chart without its hash, whatever the order of its fields. */
export function chartHash(model: object): string {
  const text = JSON.stringify(model, (_, value: unknown) => inOrder(value));
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** `sha256:…` of what a chart does, without its words: mending a sentence makes no test run stale. */
export function testedHash(chart: ChartModel): string {
  const text = JSON.stringify(chart, (key, value: unknown) => (WORDS.has(key) ? undefined : value));
  return chartHash(JSON.parse(text) as object);
}

/** An object with its fields in the order of their code units; anything else as it is. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export type { ChartModel, RuleModel, StateModel, TransitionModel } from './chartData.ts';

/**
 * A chart as data. `rules` are what its source says of its guards and actions; without them the hash is that
 * of the chart alone.
 */
export function chartModel(machine: AnyStateMachine, rules: readonly RuleModel[] = []): ChartModel {
  const model = {
    id: machine.id,
    version: machine.version ?? null,
    purpose: machine.root.description ?? '',
    states: allStates(machine).map(stateModel),
    transitions: allTransitions(machine).map(transitionModel),
    rules,
  };
  const { id, version, ...rest } = model;
  return { id, version, hash: chartHash(model), ...rest };
}

function stateModel(node: AnyStateNode): StateModel {
  return {
    path: pathOf(node),
    name: node.key,
    parent: node.parent === undefined ? null : pathOf(node.parent),
    kind: node.type === 'history' && node.history === 'deep' ? 'deepHistory' : node.type,
    initial: initialOf(node),
    description: node.description ?? '',
    tags: node.tags.toSorted(),
    requirements: requirementsOf(node),
    lasts: lastsOf(node),
    ...usualPathOf(node),
    entry: node.entry.filter(isOfTheChart).map(actionName),
    exit: node.exit.filter(isOfTheChart).map(actionName),
    invokes: node.invoke.map(({ src, id }) => (typeof src === 'string' ? src : id)),
  };
}

function transitionModel(transition: ChartTransition): TransitionModel {
  const { label, source, eventType, targets, definition } = transition;
  const { guard, actions, reenter } = definition;
  return {
    label,
    source: pathOf(source),
    event: eventType,
    guard: guard === undefined ? null : guardInWords(guard),
    actions: actions.map(actionName),
    targets: targets.map(pathOf),
    reenters: reenter,
  };
}

function initialOf(node: AnyStateNode): string | null {
  if (node.type !== 'compound') return null;
  const [target] = node.initial.target;
  return target === undefined ? null : pathOf(target);
}

/** Not XState's own timers, which every state with `after` starts and stops. */
function isOfTheChart(action: unknown): boolean {
  if (typeof action !== 'function' || !('type' in action)) return true;
  return action.type !== 'xstate.raise' && action.type !== 'xstate.cancel';
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}
