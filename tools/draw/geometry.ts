/**
 * Boxes and lines, all of them upright or level.
 *
 * @module
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point, Size {}

export type Line = readonly Point[];

/** What touches by less than this does not overlap. */
const SLACK = 1;

export function overlaps(a: Box, b: Box): boolean {
  return (
    a.x + SLACK < b.x + b.width &&
    b.x + SLACK < a.x + a.width &&
    a.y + SLACK < b.y + b.height &&
    b.y + SLACK < a.y + a.height
  );
}

/** Whether a line runs through the inside of a box. */
export function crosses(line: Line, box: Box): boolean {
  return segmentsOf(line).some(([a, b]) => {
    const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
    const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
    return (
      right > box.x + SLACK &&
      left < box.x + box.width - SLACK &&
      bottom > box.y + SLACK &&
      top < box.y + box.height - SLACK
    );
  });
}

/** Whether two lines share more than a point. */
export function runsAlong(one: Line, other: Line): boolean {
  return segmentsOf(one).some(([a, b]) =>
    segmentsOf(other).some(([c, d]) => {
      if (a.x === b.x && c.x === d.x && a.x === c.x) return shared(a.y, b.y, c.y, d.y) > SLACK;
      if (a.y === b.y && c.y === d.y && a.y === c.y) return shared(a.x, b.x, c.x, d.x) > SLACK;
      return false;
    }),
  );
}

/** How often one line crosses another. */
export function crossingsOf(one: Line, other: Line): number {
  let count = 0;
  for (const [a, b] of segmentsOf(one)) {
    for (const [c, d] of segmentsOf(other)) {
      const isCrossed =
        (a.x === b.x && c.y === d.y && isBetween(a.x, c.x, d.x) && isBetween(c.y, a.y, b.y)) ||
        (a.y === b.y && c.x === d.x && isBetween(c.x, a.x, b.x) && isBetween(a.y, c.y, d.y));
      if (isCrossed) count += 1;
    }
  }
  return count;
}

export function lengthOf(line: Line): number {
  return segmentsOf(line).reduce(
    (sum, [a, b]) => sum + Math.abs(a.x - b.x) + Math.abs(a.y - b.y),
    0,
  );
}

function segmentsOf(line: Line): readonly (readonly [Point, Point])[] {
  return line.slice(1).map((point, index) => [line[index] ?? point, point] as const);
}

function shared(a: number, b: number, c: number, d: number): number {
  return Math.min(Math.max(a, b), Math.max(c, d)) - Math.max(Math.min(a, b), Math.min(c, d));
}

function isBetween(value: number, one: number, other: number): boolean {
  return value > Math.min(one, other) && value < Math.max(one, other);
}
