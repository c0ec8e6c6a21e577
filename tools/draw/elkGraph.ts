/**
 * A chart, or a region of it, as the graph that elkjs lays out. A transition is a box between two states: elkjs
 * puts the labels of lines on top of each other where states are nested.
 *
 * @module
 */

import type { ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs/lib/elk.bundled.js';
import { type Card, type ChartPlan, isWithin, type Link } from './chartPlan.ts';
import type { Size } from './geometry.ts';
import { anyId, dotId, lineIds, stateId } from './places.ts';

const DOT_SIZE = 12;
/** Around what is in a compound state. */
export const PAD = 14;
const HISTORY_SIZE = 26;

const SPACING: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.nodeSize.constraints': 'MINIMUM_SIZE',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '10',
  'elk.layered.spacing.nodeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
};
// Model order on states in states makes elkjs 0.12 throw where lines cross their borders.
const NESTED: LayoutOptions = {
  ...SPACING,
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
};

/** Ways to lay a graph out: which is the most readable differs from chart to chart. */
export const WAYS: readonly LayoutOptions[] = [
  way('NODES_AND_EDGES', 'GREEDY_MODEL_ORDER', 'NETWORK_SIMPLEX'),
  way('NODES_AND_EDGES', 'MODEL_ORDER', 'NETWORK_SIMPLEX'),
  way('NODES_AND_EDGES', 'MODEL_ORDER', 'LINEAR_SEGMENTS'),
  way('NONE', 'DEPTH_FIRST', 'NETWORK_SIMPLEX'),
  way('NONE', 'DEPTH_FIRST', 'LINEAR_SEGMENTS'),
  way('NONE', 'GREEDY', 'NETWORK_SIMPLEX'),
];

const ANY_SIZE = { width: 78, height: 24 };

/** Moves all together afterwards. */
export const CLOSE: LayoutOptions = {
  'elk.layered.compaction.postCompaction.strategy': 'EDGE_LENGTH',
};

export interface GraphOptions {
  /** States that are laid out already. */
  readonly sized: ReadonlyMap<string, Size>;
  /** Compound states whose text stands at the left of what is in them, since lines come in from above. */
  readonly sideways: ReadonlySet<string>;
  readonly options: LayoutOptions;
}

/** The graph of a state and of all in it. */
export function elkGraph(
  root: Card,
  plan: ChartPlan,
  { sized, sideways, options }: GraphOptions,
): ElkNode {
  const nodeOf = (card: Card): ElkNode => {
    const { path, kind, initial } = card.state;
    const id = stateId(path);
    const size = sized.get(path);
    if (size !== undefined) return { id, width: size.width, height: size.height };
    if (kind === 'history' || kind === 'deepHistory') {
      return { id, width: HISTORY_SIZE, height: HISTORY_SIZE };
    }
    if (!card.isContainer) return { id, width: card.width, height: card.height };
    const links = plan.links.filter(({ inside }) => inside === path);
    const fromAny = links.filter(({ isFromAny }) => isFromAny);
    const inner = plan.cards.filter(({ state }) => state.parent === path);
    return {
      id,
      layoutOptions: {
        ...(card === root ? { ...SPACING, ...options } : NESTED),
        'elk.nodeSize.minimum': `(${card.width},${card.height})`,
        'elk.padding': sideways.has(path)
          ? `[top=${PAD},left=${card.width + PAD},bottom=${PAD},right=${PAD}]`
          : `[top=${card.height + PAD / 2},left=${PAD},bottom=${PAD},right=${PAD}]`,
      },
      children: [
        ...(initial === null ? [] : [dotOf(path)]),
        ...(fromAny.length === 0 ? [] : [{ id: anyId(path), ...ANY_SIZE }]),
        ...fromAny.map(pillOf),
        // A pill comes after the state that it leads from: what comes first is further up.
        ...inner.flatMap((child) => [
          nodeOf(child),
          ...links
            .filter(({ source }) => isWithin(source, child.state.path) && source !== path)
            .map(pillOf),
        ]),
      ],
      edges: [
        ...(initial === null ? [] : [edge(dotId(path), dotId(path), stateId(initial))]),
        ...links.flatMap(edgesOf),
      ],
    };
  };
  return nodeOf(root);
}

function dotOf(path: string): ElkNode {
  return { id: dotId(path), width: DOT_SIZE, height: DOT_SIZE };
}

function pillOf({ id, width, height }: Link): ElkNode {
  return { id, width, height };
}

function edgesOf({ id, source, target, isFromAny }: Link): readonly ElkExtendedEdge[] {
  const [before, after] = lineIds(id);
  const from = isFromAny ? anyId(source) : stateId(source);
  return [edge(before, from, id), edge(after, id, stateId(target))];
}

function edge(id: string, from: string, to: string): ElkExtendedEdge {
  return { id, sources: [from], targets: [to] };
}

function way(order: string, cycles: string, placement: string): LayoutOptions {
  return {
    'elk.layered.considerModelOrder.strategy': order,
    'elk.layered.cycleBreaking.strategy': cycles,
    'elk.layered.nodePlacement.strategy': placement,
  };
}
