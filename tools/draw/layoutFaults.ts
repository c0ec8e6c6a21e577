/**
 * What makes a picture wrong, not only hard to read: boxes on top of each other, lines through boxes or through
 * what is written, and lines on top of each other.
 *
 * @module
 */

import type { Card, ChartPlan } from './chartPlan.ts';
import type { Box } from './geometry.ts';
import { crosses, overlaps, runsAlong } from './geometry.ts';
import { anyId, dotId, type Places, stateId } from './places.ts';

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
export function crossedHeaders(places: Places, plan: ChartPlan): readonly string[] {
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
