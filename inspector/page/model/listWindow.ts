/**
 * Which rows of a long list are drawn: those that are seen, and a few around them.
 *
 * @module
 */

export interface ListWindow {
  /** The first row that is drawn, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** So many rows are drawn beyond either edge, so that a quick scroll shows no gap. */
const AROUND = 6;

/** In whole blocks of rows, so that a scroll by a few pixels draws nothing anew. */
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

/** Where a list has to be scrolled to so that a row is seen whole; the same where it is. */
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
