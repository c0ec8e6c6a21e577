/**
 * Walks through a chart without its guards, for a feed that is made up: which transitions a set of active states
 * can take, and where they lead. States and transitions are those of the real machines.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import {
  allStates,
  allTransitions,
  type ChartTransition,
} from '../../../inspector/charts/transitions.ts';

/** A transition that can be taken, and its place in the chart's list. */
export interface Way {
  readonly place: number;
  readonly transition: ChartTransition;
}

export class ChartWalk {
  readonly machine: AnyStateMachine;
  private readonly nodes: ReadonlyMap<string, AnyStateNode>;
  /** By the source's path. */
  private readonly ways = new Map<string, Way[]>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    this.nodes = new Map(allStates(machine).map((node) => [pathOf(node), node]));
    for (const [place, transition] of allTransitions(machine).entries()) {
      const path = pathOf(transition.source);
      this.ways.set(path, [...(this.ways.get(path) ?? []), { place, transition }]);
    }
  }

  /** The innermost states in which it starts. */
  get first(): readonly string[] {
    return leavesOf(this.machine.root).map(pathOf);
  }

  /** The ways out of these states, those that stay among them. */
  waysFrom(states: readonly string[]): readonly Way[] {
    const sources = new Set<string>();
    for (const state of states) {
      for (
        let node: AnyStateNode | undefined = this.node(state);
        node !== undefined;
        node = node.parent
      ) {
        sources.add(pathOf(node));
      }
    }
    return [...sources].flatMap((path) => this.ways.get(path) ?? []);
  }

  /** The innermost states after `way` was taken from `states`. */
  after(states: readonly string[], { transition }: Way): readonly string[] {
    const [target] = transition.targets;
    if (target === undefined) return states;
    const domain = commonAncestor(transition.source, target);
    const entered = new Set(leavesOf(target).map(pathOf));
    // A region of a parallel state that is entered anew starts where it starts.
    const kept = states.filter((state) => !isWithin(this.node(state), domain));
    const beside = leavesOf(domain)
      .map(pathOf)
      .filter((path) => !isWithin(this.node(path), childOf(domain, target)));
    return [...kept, ...(domain.type === 'parallel' ? beside : []), ...entered].toSorted(
      (a, b) => this.node(a).order - this.node(b).order,
    );
  }

  /** Whether an actor that stands there is done: in each of its regions. */
  isOver(states: readonly string[]): boolean {
    return states.every((state) => {
      const node = this.node(state);
      return node.type === 'final' || node.tags.includes('report') || node.tags.includes('over');
    });
  }

  private node(path: string): AnyStateNode {
    const node = this.nodes.get(path);
    if (node === undefined) throw new Error(`no state ${path} in ${this.machine.id}`);
    return node;
  }
}

/** `''` for the root. */
function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

/** The innermost states that are active once `node` is entered. */
function leavesOf(node: AnyStateNode): readonly AnyStateNode[] {
  if (node.type === 'compound') return node.initial.target.flatMap(leavesOf);
  if (node.type === 'parallel') return Object.values(node.states).flatMap(leavesOf);
  return [node];
}

function commonAncestor(a: AnyStateNode, b: AnyStateNode): AnyStateNode {
  let node: AnyStateNode = a;
  while (node.parent !== undefined && (node === a || !isWithin(b, node))) node = node.parent;
  return node;
}

function childOf(ancestor: AnyStateNode, node: AnyStateNode): AnyStateNode {
  let child = node;
  while (child.parent !== undefined && child.parent !== ancestor) child = child.parent;
  return child;
}

function isWithin(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  if (node === ancestor) return true;
  return node.parent !== undefined && isWithin(node.parent, ancestor);
}
