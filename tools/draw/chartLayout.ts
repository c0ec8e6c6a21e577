/**
 * Gives everything in a picture its place, by elkjs. Regions of a parallel state are laid out apart and put in
 * rows, unless a line leads from one to another.
 *
 * @module
 */

import elk, { type ElkNode } from 'elkjs/lib/elk.bundled.js';
import { type Card, type ChartPlan, isWithin } from './chartPlan.ts';
import { CLOSE, elkGraph, type GraphOptions, PAD, WAYS } from './elkGraph.ts';
import type { Box, Size } from './geometry.ts';
import { layoutCost } from './layoutCost.ts';
import { crossedHeaders, layoutFaults } from './layoutFaults.ts';
import { packRegions } from './packRegions.ts';
import { addPlaces, type Places, sizeOf, stateId } from './places.ts';

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
