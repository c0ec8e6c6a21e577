/**
 * Puts the regions of a parallel state in rows, in their order.
 *
 * @module
 */

import type { Box, Size } from './geometry.ts';

const GAP = 14;
/** Wider than this, a picture is hard to read in a page. */
const ROW_WIDTH_MAX = 1240;

/**
 * A box for each region, those of a row equally high and all rows equally wide. A row is as long as it can be
 * without being wider than a page, or than the widest region.
 */
export function packRegions(sizes: readonly Size[]): readonly Box[] {
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
