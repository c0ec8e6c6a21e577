/**
 * A chart as Mermaid text. One diagram a parallel region: no single text with `--` regions is drawn
 * by both Mermaid 11 and 12. For the same reason no arrow leads from a composite state to a part of
 * itself; it starts at a node for any state of it.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { allTransitions, type ChartTransition, eventInWords, statePath } from './transitions.ts';

export interface Diagram {
  /** The region drawn, as a state path; `null` when it is the whole machine. */
  readonly region: string | null;
  readonly text: string;
}

/** The diagrams of a machine: the whole first, then the regions of its parallel states. */
export function toMermaid(machine: AnyStateMachine): readonly Diagram[] {
  const transitions = allTransitions(machine);
  const diagrams: Diagram[] = [];
  const waiting: AnyStateNode[] = [machine.root];
  for (let root = waiting.shift(); root !== undefined; root = waiting.shift()) {
    if (root.type === 'parallel') {
      waiting.unshift(...Object.values(root.states));
    } else if (root.type === 'compound') {
      const region = root === machine.root ? null : statePath(root);
      diagrams.push({ region, text: drawDiagram(root, transitions) });
      waiting.push(...drawnIn(root).filter((node) => node.type === 'parallel'));
    }
  }
  return diagrams;
}

/** All transitions between the same two nodes, drawn as one arrow in the block of `inside`. */
interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly inside: AnyStateNode;
  readonly labels: string[];
}

function drawDiagram(root: AnyStateNode, transitions: readonly ChartTransition[]): string {
  const arrows = new Map<string, Arrow>();
  const outside = new Set<AnyStateNode>();
  const drawn = new Set(drawnIn(root));
  for (const { source, targets, eventType, guard } of transitions) {
    const isSourceDrawn = drawn.has(source);
    if (!isSourceDrawn && !isWithin(root, source)) continue;
    for (const target of targets) {
      const isTargetInside = isWithin(target, root);
      if (!isSourceDrawn && source !== root && !isTargetInside) continue;
      const end = isTargetInside ? nearestDrawn(target, drawn, root) : target;
      // An arrow into a region belongs to the diagram of that region.
      if (end === source && end !== target) continue;
      if (!isTargetInside) outside.add(target);
      const isFromAny = !isSourceDrawn || (end !== source && isWithin(end, source));
      const from = isFromAny ? anyId(isSourceDrawn ? source : root) : idOf(source);
      const inside = isFromAny ? (isSourceDrawn ? source : root) : commonBlock(source, end, root);
      const key = `${from} --> ${idOf(end)}`;
      const arrow = arrows.get(key) ?? { from, to: idOf(end), inside, labels: [] };
      arrows.set(key, arrow);
      arrow.labels.push(eventInWords(eventType) + (guard === null ? '' : ` [${guard}]`));
    }
  }
  return [
    'stateDiagram-v2',
    ...[...outside].map((node) => `  state "${statePath(node)} (elsewhere)" as ${idOf(node)}`),
    ...drawBlock(root, [...arrows.values()], '  '),
    '',
  ].join('\n');
}

/** The lines inside one composite state: its children, its initial state, and the arrows between them. */
function drawBlock(block: AnyStateNode, arrows: readonly Arrow[], indent: string): string[] {
  const own = arrows.filter((arrow) => arrow.inside === block);
  const lines: string[] = [];
  if (own.some((arrow) => arrow.from === anyId(block))) {
    lines.push(`${indent}state "any state" as ${anyId(block)}`);
  }
  for (const node of Object.values(block.states)) {
    const name = node.type === 'parallel' ? `${node.key} (drawn below)` : node.key;
    if (node.type === 'compound') {
      lines.push(`${indent}state "${name}" as ${idOf(node)} {`);
      lines.push(...drawBlock(node, arrows, `${indent}  `), `${indent}}`);
    } else {
      lines.push(`${indent}state "${name}" as ${idOf(node)}`);
    }
  }
  if (block.type === 'compound') {
    for (const target of block.initial.target) lines.push(`${indent}[*] --> ${idOf(target)}`);
  }
  for (const { from, to, labels } of own) {
    lines.push(`${indent}${from} --> ${to} : ${labels.join('<br/>')}`);
  }
  for (const node of Object.values(block.states)) {
    if (node.type === 'final') lines.push(`${indent}${idOf(node)} --> [*]`);
  }
  return lines;
}

/** The states below `root` that its diagram draws: all but the insides of parallel states. */
function drawnIn(root: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(root.states).flatMap((node) =>
    node.type === 'compound' ? [node, ...drawnIn(node)] : [node],
  );
}

function nearestDrawn(
  node: AnyStateNode,
  drawn: ReadonlySet<AnyStateNode>,
  root: AnyStateNode,
): AnyStateNode {
  if (node === root && root.type === 'compound') return root.initial.target[0] ?? node;
  if (drawn.has(node) || node.parent === undefined) return node;
  return nearestDrawn(node.parent, drawn, root);
}

/** The innermost block that holds both ends of an arrow. */
function commonBlock(a: AnyStateNode, b: AnyStateNode, root: AnyStateNode): AnyStateNode {
  for (let block = a.parent; block !== undefined && block !== root; block = block.parent) {
    if (isWithin(b, block)) return block;
  }
  return root;
}

function isWithin(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  if (node === ancestor) return true;
  return node.parent !== undefined && isWithin(node.parent, ancestor);
}

/** Mermaid reads some words as its own, so every id carries its path and a mark. */
function idOf(node: AnyStateNode): string {
  return ['s', ...node.path].join('_');
}

function anyId(node: AnyStateNode): string {
  return ['any', ...node.path].join('_');
}
