/**
 * Which states of a chart can be entered at all, and which can't be left.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { allStates, allTransitions } from './transitions.ts';

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
