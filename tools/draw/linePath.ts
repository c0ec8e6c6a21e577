/**
 * Lines with rounded corners, and their heads.
 *
 * @module
 */

import type { Line, Point } from './geometry.ts';

const RADIUS = 5;
const HEAD_LENGTH = 7;
const HEAD_HALF = 3.5;

/** The path of a line whose corners are round. */
export function linePath(line: Line): string {
  const [first, ...rest] = line;
  if (first === undefined) return '';
  const parts = [`M${pair(first)}`];
  for (const [index, corner] of rest.entries()) {
    const before = line[index] ?? first;
    const after = rest[index + 1];
    if (after === undefined) {
      parts.push(`L${pair(corner)}`);
      continue;
    }
    const radius = Math.min(RADIUS, distance(before, corner) / 2, distance(corner, after) / 2);
    parts.push(
      `L${pair(towards(corner, before, radius))}Q${pair(corner)} ${pair(towards(corner, after, radius))}`,
    );
  }
  return parts.join('');
}

/** The path of the head at the end of a line. */
export function arrowHead(line: Line): string {
  const tip = line.at(-1);
  const before = line.at(-2);
  if (tip === undefined || before === undefined) return '';
  const base = towards(tip, before, HEAD_LENGTH);
  const length = distance(tip, base) || 1;
  const [dx, dy] = [(tip.x - base.x) / length, (tip.y - base.y) / length];
  const left = { x: base.x - dy * HEAD_HALF, y: base.y + dx * HEAD_HALF };
  const right = { x: base.x + dy * HEAD_HALF, y: base.y - dx * HEAD_HALF };
  return `M${pair(tip)}L${pair(left)}L${pair(right)}Z`;
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to);
  if (length === 0) return from;
  return {
    x: from.x + ((to.x - from.x) * by) / length,
    y: from.y + ((to.y - from.y) * by) / length,
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function pair({ x, y }: Point): string {
  return `${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100}`;
}
