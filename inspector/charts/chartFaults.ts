/**
 * Checks a chart as a document: descriptions, requirement ids, states that can't be entered or left, transitions that
 * can never be taken.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { deadEnds, reachableStates } from './reachability.ts';
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

/** Orders requirement ids by their letters, then by number: 9 before 10. */
export function compareIds(a: string, b: string): number {
  const [lettersA = '', numberA = ''] = a.split('-');
  const [lettersB = '', numberB = ''] = b.split('-');
  if (lettersA === lettersB) return Number(numberA) - Number(numberB);
  return lettersA < lettersB ? -1 : 1;
}
