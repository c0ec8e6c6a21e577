/**
 * Everything in a picture with its place, by the ids that it has in the graph of elkjs.
 *
 * @module
 */

import type { Box, Line, Point, Size } from './geometry.ts';

export interface Places {
  readonly boxes: Map<string, Box>;
  readonly lines: Map<string, Line>;
}

export function stateId(path: string): string {
  return `state:${path}`;
}

/** The id of the dot from which a compound state begins, and of its line. */
export function dotId(path: string): string {
  return `dot:${path}`;
}

/** The id of what stands for any state of a compound state. */
export function anyId(path: string): string {
  return `any:${path}`;
}

/** The ids of the two lines of a link: to the pill, and from it. */
export function lineIds(link: string): readonly [before: string, after: string] {
  return [`${link}:before`, `${link}:after`];
}

export function sizeOf({ boxes }: Places, path: string): Size {
  return boxes.get(stateId(path)) ?? { width: 0, height: 0 };
}

/** Adds what is inside a state, of which `at` is the corner. */
export function addPlaces(places: Places, inner: Places, at: Point): void {
  const moved = ({ x, y }: Point): Point => ({ x: x + at.x, y: y + at.y });
  for (const [id, box] of inner.boxes) places.boxes.set(id, { ...box, ...moved(box) });
  for (const [id, line] of inner.lines) places.lines.set(id, line.map(moved));
}
