/**
 * Checks a chart as a document: descriptions, requirement ids, states that can't be entered or left, transitions that
 * can never be taken.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { allStates, allTransitions, type ChartTransition } from './transitions.ts';

/** The faults of a chart as a document, a sentence each. */
export function chartFaults(machine: AnyStateMachine): readonly string[] {
  const faults: string[] = [];
  const reachable = reachableStates(machine);
  for (const node of allStates(machine)) {
    const name = node.path.length === 0 ? `machine ${machine.id}` : `state ${node.id}`;
    if ((node.description ?? '').trim() === '') faults.push(`${name} has no description`);
    if (!reachable.has(node)) faults.push(`${name} can't be reached`);
  }
  for (const { id } of deadEnds(machine)) {
    faults.push(`state ${id} can't be left; give it a way out, or make it an ending`);
  }
  const transitions = allTransitions(machine);
  const labels = new Set<string>();
  for (const { label } of transitions) {
    if (labels.has(label)) faults.push(`two transitions can't be told apart: ${label}`);
    labels.add(label);
  }
  for (const step of brokenSteps(machine, transitions)) {
    faults.push(`no transition leads along the usual path: ${step}`);
  }
  for (const { label } of shadowed(transitions)) {
    faults.push(`an unguarded transition before it takes every event: ${label}`);
  }
  return faults;
}

/** Transitions that can't be taken, since an unguarded one of the same state and event comes first. */
function shadowed(transitions: readonly ChartTransition[]): readonly ChartTransition[] {
  const closed = new Map<AnyStateNode, Set<string>>();
  return transitions.filter(({ source, eventType, guard }) => {
    const events = closed.get(source) ?? new Set<string>();
    closed.set(source, events);
    if (events.has(eventType)) return true;
    if (guard === null) events.add(eventType);
    return false;
  });
}

/** The requirement ids that a state carries in `meta.requirements`. */
export function requirementsOf(node: AnyStateNode): readonly string[] {
  const meta: unknown = node.meta;
  if (typeof meta !== 'object' || meta === null || !('requirements' in meta)) return [];
  return Array.isArray(meta.requirements) ? meta.requirements.map(String) : [];
}

/** How long an actor stays in a state at most, from its `meta.lasts`; `null` where it has none. */
export function lastsOf(node: AnyStateNode): string | null {
  const meta: unknown = node.meta;
  if (typeof meta !== 'object' || meta === null || !('lasts' in meta)) return null;
  return typeof meta.lasts === 'string' ? meta.lasts : null;
}

/** The way that a chart or a region usually takes, as it says itself in `meta.usualPath`. */
export function usualPathOf({ meta }: AnyStateNode): { readonly usualPath?: readonly string[] } {
  const path: unknown = (meta as { readonly usualPath?: unknown } | undefined)?.usualPath;
  return Array.isArray(path) ? { usualPath: path.map(String) } : {};
}

/** Orders requirement ids by their letters, then by number: 9 before 10. */
export function compareIds(a: string, b: string): number {
  const [lettersA = '', numberA = ''] = a.split('-');
  const [lettersB = '', numberB = ''] = b.split('-');
  if (lettersA === lettersB) return Number(numberA) - Number(numberB);
  return lettersA < lettersB ? -1 : 1;
}

/** The steps of the usual paths that no transition takes. */
function brokenSteps(
  machine: AnyStateMachine,
  transitions: readonly ChartTransition[],
): readonly string[] {
  return allStates(machine).flatMap((node) => {
    const { usualPath = [] } = usualPathOf(node);
    return usualPath.flatMap((from, index) => {
      const [event, to] = usualPath.slice(index + 1);
      if (index % 2 === 1 || event === undefined) return [];
      const leads = transitions.some(
        ({ source, eventType, targets: [target] }) =>
          eventType === event && target?.key === to && innermostBelow(source).includes(from),
      );
      return leads ? [] : [`${node.id}: ${from} --${event}--> ${to}`];
    });
  });
}

function innermostBelow(node: AnyStateNode): readonly string[] {
  const inside: readonly AnyStateNode[] = Object.values(node.states);
  return inside.length === 0 ? [node.key] : inside.flatMap(innermostBelow);
}

/**
 * The states that some sequence of events can enter, guards ignored: any other state can never
 * be entered, whatever happens.
 */
export function reachableStates(machine: AnyStateMachine): ReadonlySet<AnyStateNode> {
  const reached = new Set<AnyStateNode>();
  const waiting: AnyStateNode[] = [machine.root];
  const transitions = allTransitions(machine);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    waiting.push(...enteredWith(node));
    for (const { source, targets } of transitions) if (source === node) waiting.push(...targets);
  }
  return reached;
}

/** What is entered whenever `node` is: its parent, and its initial state or all its regions. */
function enteredWith(node: AnyStateNode): readonly AnyStateNode[] {
  const parent = node.parent === undefined ? [] : [node.parent];
  if (node.type === 'compound') return [...parent, ...node.initial.target];
  if (node.type === 'parallel') return [...parent, ...Object.values(node.states)];
  return parent;
}

/**
 * The innermost states that are not final and that no event leaves, guards ignored: neither theirs, nor those of
 * their parents.
 */
export function deadEnds(machine: AnyStateMachine): readonly AnyStateNode[] {
  const leading = allTransitions(machine).filter(({ targets }) => targets.length > 0);
  const leads = (from: AnyStateNode, end: AnyStateNode) =>
    leading.some(({ source, targets }) => source === from && targets.some((one) => one !== end));
  return allStates(machine).filter(
    (node) => node.type === 'atomic' && ![node, ...holdersOf(node)].some((one) => leads(one, node)),
  );
}

function holdersOf(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent === undefined ? [] : [node.parent, ...holdersOf(node.parent)];
}
