/**
 * Says which rows of a long list are drawn: the visible ones, and a few around them.
 *
 * @module
 */

export interface ListWindow {
  /** The first row to draw, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Rows beyond either edge, so that a quick scroll shows no gap. */
const AROUND = 6;

/** The rows to draw, in whole blocks, so that a scroll by a few pixels renders nothing. */
export function windowOf(
  scrollTop: number,
  height: number,
  rowHeight: number,
  count: number,
): ListWindow {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const from = Math.max(0, Math.floor((first - AROUND) / AROUND) * AROUND);
  const shown = Math.ceil(height / rowHeight) + 1;
  const to = Math.min(count, Math.ceil((first + shown + AROUND) / AROUND) * AROUND);
  return { from: Math.min(from, to), to };
}

/** The scroll position that shows a whole row; unchanged if it is visible. */
export function scrolledTo(
  index: number,
  scrollTop: number,
  height: number,
  rowHeight: number,
): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
