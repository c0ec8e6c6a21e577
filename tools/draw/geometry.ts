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

// How wide a text is, from a table: a picture comes out the same whatever fonts the machine has that makes it.
// The widths are those of DejaVu Sans, which is wider than what most readers have, so no text leaves its box.

/** Widths of the characters from the space to the tilde, in thousandths of the size of the font. */
const REGULAR = [
  318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637,
  637, 637, 637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632,
  576, 775, 752, 295, 295, 656, 558, 863, 749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686,
  611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635, 616, 353, 635, 634, 278, 278, 580,
  278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838,
];
const BOLD = [
  349, 457, 521, 838, 696, 1002, 873, 307, 458, 458, 523, 838, 380, 416, 380, 366, 696, 696, 696,
  696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 581, 1000, 774, 763, 734, 831, 684,
  684, 821, 837, 373, 373, 775, 638, 996, 837, 851, 733, 851, 771, 721, 683, 813, 774, 1104, 771,
  725, 726, 458, 366, 458, 838, 500, 500, 675, 716, 593, 716, 679, 436, 716, 712, 343, 343, 666,
  343, 1042, 712, 688, 716, 716, 494, 596, 479, 712, 652, 924, 646, 652, 583, 712, 366, 712, 838,
];
const FIRST = 32;
/** The width of any other character. */
const OTHER = 1000;

/** The width of a text in pixels. */
export function textWidth(text: string, size: number, isBold: boolean): number {
  const widths = isBold ? BOLD : REGULAR;
  let thousandths = 0;
  for (const character of text) {
    thousandths += widths[(character.codePointAt(0) ?? 0) - FIRST] ?? OTHER;
  }
  return (thousandths * size) / 1000;
}
