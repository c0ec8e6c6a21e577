/**
 * Draws a chart. Only the documentation does that: laying a chart out takes seconds, so nothing that runs for
 * a user ever does.
 *
 * @module
 */

import elk, {
  type ElkExtendedEdge,
  type ElkNode,
  type LayoutOptions,
} from 'elkjs/lib/elk.bundled.js';
import type { ChartModel } from '../../inspector/charts/chartModel.ts';
import { type Card, type ChartPlan, chartPlan, isWithin, type Link } from './chartPlan.ts';
import {
  addPlaces,
  anyId,
  type Box,
  crosses,
  crossingsOf,
  dotId,
  lengthOf,
  lineIds,
  overlaps,
  type Places,
  runsAlong,
  type Size,
  sizeOf,
  stateId,
} from './geometry.ts';
import { paintSvg } from './paintSvg.ts';

// A chart, or a region of it, as the graph that elkjs lays out. A transition is a box between two states: elkjs
// puts the labels of lines on top of each other where states are nested.

const DOT_SIZE = 12;
/** Around what is in a compound state. */
const PAD = 14;
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
const WAYS: readonly LayoutOptions[] = [
  way('NODES_AND_EDGES', 'GREEDY_MODEL_ORDER', 'NETWORK_SIMPLEX'),
  way('NODES_AND_EDGES', 'MODEL_ORDER', 'NETWORK_SIMPLEX'),
  way('NODES_AND_EDGES', 'MODEL_ORDER', 'LINEAR_SEGMENTS'),
  way('NONE', 'DEPTH_FIRST', 'NETWORK_SIMPLEX'),
  way('NONE', 'DEPTH_FIRST', 'LINEAR_SEGMENTS'),
  way('NONE', 'GREEDY', 'NETWORK_SIMPLEX'),
];

const ANY_SIZE = { width: 78, height: 24 };

/** Moves all together afterwards. */
const CLOSE: LayoutOptions = {
  'elk.layered.compaction.postCompaction.strategy': 'EDGE_LENGTH',
};

interface GraphOptions {
  /** States that are laid out already. */
  readonly sized: ReadonlyMap<string, Size>;
  /** Compound states whose text stands at the left of what is in them, since lines come in from above. */
  readonly sideways: ReadonlySet<string>;
  readonly options: LayoutOptions;
}

/** The graph of a state and of all in it. */
function elkGraph(
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

const GAP = 14;
/** Wider than this, a picture is hard to read in a page. */
const ROW_WIDTH_MAX = 1240;

/**
 * A box for each region, those of a row equally high and all rows equally wide. A row is as long as it can be
 * without being wider than a page, or than the widest region.
 */
function packRegions(sizes: readonly Size[]): readonly Box[] {
  const limit = Math.max(ROW_WIDTH_MAX, ...sizes.map(({ width }) => width));
  const rows: Size[][] = [];
  for (const size of sizes) {
    const row = rows.at(-1);
    if (row !== undefined && widthOf([...row, size]) <= limit) row.push(size);
    else rows.push([size]);
  }
  const width = Math.max(...rows.map(widthOf));
  let y = 0;
  return rows.flatMap((row) => {
    const height = Math.max(...row.map((size) => size.height));
    const more = (width - widthOf(row)) / row.length;
    let x = 0;
    const boxes = row.map((size) => {
      const box = { x, y, width: size.width + more, height };
      x += box.width + GAP;
      return box;
    });
    y += height + GAP;
    return boxes;
  });
}

function widthOf(row: readonly Size[]): number {
  return row.reduce((sum, { width }) => sum + width, (row.length - 1) * GAP);
}

/** What one of these costs, in pixels of line. */
const CROSSING = 160;
const CORNER = 25;
/** A pixel wider than a page. */
const TOO_WIDE = 25;
/** A pixel of height. */
const TALL = 2;
/** A pixel by which the beginning is lower than the top. */
const LATE = 75;
const PAGE_WIDTH = 1240;

/** The cost of a state and what is in it: the lower, the easier to read. */
function layoutCost({ boxes, lines }: Places, path: string): number {
  const box = boxes.get(stateId(path));
  const dot = boxes.get(dotId(path));
  if (box === undefined) return Number.POSITIVE_INFINITY;
  const all = [...lines.values()];
  return (
    all.reduce((sum, line) => sum + lengthOf(line), 0) +
    all.reduce((sum, line) => sum + Math.max(0, line.length - 2), 0) * CORNER +
    all.reduce(
      (sum, line, index) =>
        sum + all.slice(index + 1).reduce((count, other) => count + crossingsOf(line, other), 0),
      0,
    ) *
      CROSSING +
    Math.max(0, box.width - PAGE_WIDTH) * TOO_WIDE +
    box.height * TALL +
    (dot === undefined ? 0 : (dot.y - box.y) * LATE)
  );
}

/** More than any picture costs that has no fault. */
const FAULT = 1_000_000;

/** Where everything of a chart is. */
export function chartLayout(plan: ChartPlan): Promise<Places> {
  const [root] = plan.cards;
  if (root === undefined) throw new Error('a chart has a root');
  return placesOf(root, plan);
}

/** A state and all in it, with the state's own corner at 0, 0. */
async function placesOf(root: Card, plan: ChartPlan): Promise<Places> {
  if (isOfRegions(root, plan)) return placesOfRegions(root, plan);
  const apart = new Map<string, Places>();
  for (const card of outermost(root, plan)) {
    apart.set(card.state.path, await placesOfRegions(card, plan));
  }
  const sized = new Map([...apart].map(([path, places]) => [path, sizeOf(places, path)]));
  const places = await bestOf(root, plan, sized);
  for (const [path, inner] of apart) {
    const at = places.boxes.get(stateId(path));
    if (at !== undefined) addPlaces(places, inner, at);
  }
  return places;
}

async function bestOf(
  root: Card,
  plan: ChartPlan,
  sized: ReadonlyMap<string, Size>,
): Promise<Places> {
  let best: { readonly places: Places; readonly cost: number } | null = null;
  for (const options of WAYS) {
    const given = { sized, sideways: new Set<string>() };
    const places =
      (await laidOut(root, plan, { ...given, options: { ...options, ...CLOSE } })) ??
      (await laidOut(root, plan, { ...given, options }));
    if (places === null) continue;
    const cost = layoutCost(places, root.state.path) + layoutFaults(places, plan).length * FAULT;
    if (best === null || cost < best.cost) best = { places, cost };
  }
  if (best === null) throw new Error('there is no way to lay a chart out');
  return best.places;
}

/** One way; `null` where elkjs 0.12 throws, as it does of some charts with states in states. */
async function laidOut(root: Card, plan: ChartPlan, options: GraphOptions): Promise<Places | null> {
  try {
    const graph = elkGraph(root, plan, options);
    const places = read(await new elk.default().layout<ElkNode>(graph));
    const crossed = crossedHeaders(places, plan).filter((path) => !options.sideways.has(path));
    if (crossed.length === 0) return places;
    const sideways = new Set([...options.sideways, ...crossed]);
    return await laidOut(root, plan, { ...options, sideways });
  } catch {
    return null;
  }
}

/** A parallel state whose regions have nothing to do with each other. */
function isOfRegions({ state: { path, kind } }: Card, { cards, links }: ChartPlan): boolean {
  if (kind !== 'parallel') return false;
  const regions = cards.filter(({ state }) => state.parent === path).map(({ state }) => state.path);
  return regions.every((region) =>
    links.every(({ source, target }) => isWithin(source, region) === isWithin(target, region)),
  );
}

/** The parallel states below `root` that are laid out apart; not those in others. */
function outermost(root: Card, plan: ChartPlan): readonly Card[] {
  const found: Card[] = [];
  for (const card of plan.cards) {
    const { path } = card.state;
    if (card === root || !isWithin(path, root.state.path) || !isOfRegions(card, plan)) continue;
    if (!found.some(({ state }) => isWithin(path, state.path))) found.push(card);
  }
  return found;
}

async function placesOfRegions(card: Card, plan: ChartPlan): Promise<Places> {
  const { path } = card.state;
  const regions = plan.cards.filter(({ state }) => state.parent === path);
  const parts: { readonly region: string; readonly inner: Places }[] = [];
  for (const region of regions) {
    parts.push({ region: region.state.path, inner: await placesOf(region, plan) });
  }
  const packed = packRegions(parts.map(({ region, inner }) => sizeOf(inner, region)));
  const top = card.height + PAD / 2;
  const places: Places = { boxes: new Map(), lines: new Map() };
  for (const [index, { region, inner }] of parts.entries()) {
    const given = packed[index];
    if (given === undefined) continue;
    const box = { ...given, x: given.x + PAD, y: given.y + top };
    const more = box.width - sizeOf(inner, region).width;
    // What is in a region stands in the middle of the room that it is given.
    addPlaces(places, inner, { x: box.x + round(more / 2), y: box.y });
    places.boxes.set(stateId(region), box);
  }
  const right = Math.max(0, ...packed.map(({ x, width }) => x + width));
  const bottom = Math.max(0, ...packed.map(({ y, height }) => y + height));
  const width = Math.max(card.width, right + 2 * PAD);
  places.boxes.set(stateId(path), { x: 0, y: 0, width, height: top + bottom + PAD });
  return places;
}

function read(graph: ElkNode): Places {
  const places: Places = { boxes: new Map(), lines: new Map() };
  const visit = (node: ElkNode): void => {
    places.boxes.set(node.id, boxOf(node));
    for (const { id, sections = [] } of node.edges ?? []) {
      const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
        startPoint,
        ...bendPoints,
        endPoint,
      ]);
      places.lines.set(
        id,
        points.map(({ x, y }) => ({ x: round(x), y: round(y) })),
      );
    }
    for (const child of node.children ?? []) visit(child);
  };
  visit(graph);
  return places;
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: ElkNode): Box {
  return { x: round(x), y: round(y), width: round(width), height: round(height) };
}

/** To half pixels: whatever the last digits of a sum are, the picture is the same. */
function round(value: number): number {
  return Math.round(value * 2) / 2;
}

/** One sentence each; of what is in `places` only. */
export function layoutFaults(places: Places, plan: ChartPlan): readonly string[] {
  const solid = solidBoxes(places, plan);
  const faults: string[] = [];
  for (const [index, [name, box]] of solid.entries()) {
    for (const [other, otherBox] of solid.slice(index + 1)) {
      if (overlaps(box, otherBox)) faults.push(`${name} and ${other} overlap`);
    }
  }
  const lines = [...places.lines];
  for (const [id, line] of lines) {
    for (const [name, box] of solid)
      if (crosses(line, box)) faults.push(`${id} runs through ${name}`);
  }
  for (const [index, [id, line]] of lines.entries()) {
    for (const [other, otherLine] of lines.slice(index + 1)) {
      if (runsAlong(line, otherLine)) faults.push(`${id} lies on ${other}`);
    }
  }
  for (const { state } of plan.cards) {
    const [box, outer] = [places.boxes.get(stateId(state.path)), outerOf(state.parent, places)];
    if (box !== undefined && outer !== undefined && !isInside(box, outer)) {
      faults.push(`${stateId(state.path)} is not inside its parent`);
    }
  }
  return faults;
}

/** The compound states whose text has lines through it. */
function crossedHeaders(places: Places, plan: ChartPlan): readonly string[] {
  const lines = [...places.lines.values()];
  const pills = plan.links.flatMap(({ id }) => places.boxes.get(id) ?? []);
  return plan.cards
    .filter((card) => {
      const header = headerOf(card, places);
      if (header === null) return false;
      return (
        lines.some((line) => crosses(line, header)) || pills.some((pill) => overlaps(pill, header))
      );
    })
    .map(({ state }) => state.path);
}

function solidBoxes(places: Places, plan: ChartPlan): readonly (readonly [string, Box])[] {
  const found: (readonly [string, Box])[] = [];
  const take = (id: string): void => {
    const box = places.boxes.get(id);
    if (box !== undefined) found.push([id, box]);
  };
  for (const card of plan.cards) {
    const { path } = card.state;
    const header = headerOf(card, places);
    if (header !== null) found.push([`the text of ${stateId(path)}`, header]);
    if (!card.isContainer) take(stateId(path));
    take(anyId(path));
    take(dotId(path));
  }
  for (const { id } of plan.links) take(id);
  return found;
}

/** Where the text of a compound state stands; `null` for any other. */
function headerOf({ isContainer, state, width, height }: Card, places: Places): Box | null {
  const box = places.boxes.get(stateId(state.path));
  return isContainer && box !== undefined
    ? { x: box.x, y: box.y + 2, width, height: height - 4 }
    : null;
}

function outerOf(parent: string | null, places: Places): Box | undefined {
  return parent === null ? undefined : places.boxes.get(stateId(parent));
}

function isInside(box: Box, outer: Box): boolean {
  return (
    box.x >= outer.x &&
    box.y >= outer.y &&
    box.x + box.width <= outer.x + outer.width &&
    box.y + box.height <= outer.y + outer.height
  );
}

/** The picture of a chart as SVG, the same to the byte every time and on every machine. */
export async function drawChart(model: ChartModel): Promise<string> {
  const plan = chartPlan(model);
  return paintSvg(plan, await chartLayout(plan));
}
