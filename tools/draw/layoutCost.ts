/**
 * How hard a picture is to read, as a number: to choose among several of the same chart.
 *
 * @module
 */

import { crossingsOf, lengthOf } from './geometry.ts';
import { dotId, type Places, stateId } from './places.ts';

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
export function layoutCost({ boxes, lines }: Places, path: string): number {
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
