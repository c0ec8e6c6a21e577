/**
 * The house rules of a chart, as functions from a machine to sentences about what breaks them.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { chartFaults, requirementsOf } from '../../inspector/charts/chartFaults.ts';
import {
  allStates,
  allTransitions,
  type ChartTransition,
  guardLabel,
} from '../../inspector/charts/transitions.ts';

/** Actors that act on the world: what they do can't be taken back, so it must be durable first. */
const EFFECTFUL_ACTORS: ReadonlySet<string> = new Set(['attempt']);

/** The event that says: what the state before ordered is on disk. */
const BARRIER_EVENT = 'journal.committed';

/** The one chart that passes by the barrier: the delivery of a crisis is written beside it (CR-4). */
const WRITTEN_BESIDE: ReadonlySet<string> = new Set(['crisis']);

/**
 * States that may use `after`, as state ids: a restart forgets the timer and starts it anew, so it
 * must be harmless there. Anything else keeps an absolute due time.
 */
const AFTER_ALLOWED: ReadonlySet<string> = new Set();

const DOT_CASE = /^[a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)+$/;
const CAMEL_CASE = /^[a-z][a-zA-Z0-9]*$/;
const PREDICATE = /^(is|has|can)[A-Z]/;

/** Everything in a chart that breaks a house rule, one sentence each. */
export function brokenRules(machine: AnyStateMachine): readonly string[] {
  const transitions = allTransitions(machine);
  return [
    ...chartFaults(machine),
    ...(machine.version === undefined ? [`machine ${machine.id} has no version`] : []),
    ...allStates(machine).flatMap(brokenByState),
    ...transitions.flatMap(brokenByTransition),
    ...unguardedEffects(machine, transitions),
  ];
}

function brokenByState(node: AnyStateNode): readonly string[] {
  const broken: string[] = [];
  if (!CAMEL_CASE.test(node.key)) broken.push(`state ${node.id} is not in camelCase`);
  if (node.path.length > 0 && node.type !== 'history' && requirementsOf(node).length === 0) {
    broken.push(`state ${node.id} cites no requirement in meta.requirements`);
  }
  if (node.after.length > 0 && !AFTER_ALLOWED.has(node.id)) {
    broken.push(`state ${node.id} waits with after, which a restart forgets`);
  }
  // As written: XState adds actions of its own to a state that waits with `after`.
  for (const action of [node.config.entry, node.config.exit].flat()) {
    if (typeof action === 'function') broken.push(`state ${node.id} has an inline action`);
  }
  for (const { src } of node.invoke) {
    if (typeof src !== 'string' || src.startsWith('xstate.invoke.')) {
      broken.push(`state ${node.id} invokes an inline actor`);
    }
  }
  return broken;
}

function brokenByTransition(transition: ChartTransition): readonly string[] {
  const { label, eventType, definition } = transition;
  const broken: string[] = [];
  const isOwn = eventType !== '' && !eventType.startsWith('xstate.');
  if (isOwn && !DOT_CASE.test(eventType)) broken.push(`event is not in dot.case: ${label}`);
  if (definition.actions.some((action) => typeof action === 'function')) {
    broken.push(`inline action: ${label}`);
  }
  for (const name of guardNames(definition.guard)) {
    if (name === 'unnamed') broken.push(`inline guard: ${label}`);
    else if (!PREDICATE.test(name)) broken.push(`guard ${name} is not is…, has… or can…: ${label}`);
  }
  return broken;
}

/** The names in a guard, through `not`, `and` and `or`; a test of another state has none. */
function guardNames(guard: unknown): readonly string[] {
  if (guard === undefined) return [];
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    return guard.guards.flatMap(guardNames);
  }
  if (typeof guard === 'function' && 'stateValue' in guard) return [];
  return [guardLabel(guard)];
}

/** State before effect (PS-2): an effectful state is entered through the barrier, but for a crisis. */
function unguardedEffects(
  machine: AnyStateMachine,
  transitions: readonly ChartTransition[],
): readonly string[] {
  if (WRITTEN_BESIDE.has(machine.id)) return [];
  const effectful = allStates(machine).filter((node) =>
    node.invoke.some(({ src }) => typeof src === 'string' && EFFECTFUL_ACTORS.has(src)),
  );
  return effectful.flatMap((node) => [
    ...(startsIn(machine.root, node) ? [`effect at the start, before anything: ${node.id}`] : []),
    ...transitions
      .filter(({ targets }) => targets.some((target) => startsIn(target, node)))
      .filter(({ eventType }) => eventType !== BARRIER_EVENT)
      .map(({ label }) => `effect before it is durable: ${label}`),
  ]);
}

/** Whether entering `entered` enters `node`: it is that, lies within it, or is where it starts. */
function startsIn(entered: AnyStateNode, node: AnyStateNode): boolean {
  if (isWithin(entered, node)) return true;
  if (entered.type === 'compound') {
    return entered.initial.target.some((target) => startsIn(target, node));
  }
  if (entered.type === 'parallel') {
    return Object.values(entered.states).some((region) => startsIn(region, node));
  }
  return false;
}

function isWithin(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  return node === ancestor || (node.parent !== undefined && isWithin(node.parent, ancestor));
}
