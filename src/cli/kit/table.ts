/**
 * Formats results: tables that fit the terminal, lists of facts, times and spans.
 *
 * @module
 */

import { plainLine } from './output.ts';

type Cells = readonly (string | number)[];

/**
 * A table with padded columns and right-aligned numbers. On a terminal each row is cut to its width; elsewhere nothing
 * is cut.
 */
export function table(
  head: readonly string[],
  content: readonly Cells[],
  width: number = terminalWidth(process.stdout),
): string {
  const rows = content.map((cells) =>
    cells.map((cell) => (typeof cell === 'string' ? plainLine(cell) : cell)),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? '').length)),
  );
  const isNumber = (value: unknown): boolean => typeof value === 'number';
  const numeric = head.map((_, column) => rows.every((row) => isNumber(row[column])));
  const line = (cells: Cells): string =>
    cells
      .map((cell, column) => {
        const room = widths[column] ?? 0;
        return numeric[column] === true ? String(cell).padStart(room) : String(cell).padEnd(room);
      })
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].map((text) => cut(text, width)).join('\n');
}

/** The fields of one thing, a line each, never cut; empty ones are left out. */
export function facts(
  content: readonly Cells[],
  head: readonly string[] = ['what', 'value'],
): string {
  const known = content.filter(([, value]) => value !== '');
  return table(head, known, Number.POSITIVE_INFINITY);
}

/** A line that is no wider than `width`, with a mark where something is left out. */
export function cut(line: string, width: number): string {
  const characters = Array.from(line);
  if (characters.length <= width) return line;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** The width of the terminal; infinite where there is none. */
export function terminalWidth(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  if (!stream.isTTY) return Number.POSITIVE_INFINITY;
  return stream.columns > 0 ? stream.columns : 80;
}

/** An instant, to the millisecond; nothing for none. */
export function timeOf(atMs: number | null): string {
  return atMs === null ? '' : new Date(atMs).toISOString();
}

/** `1 operation`, `2 operations`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** How long until then: `in 12s`, or `now`. */
export function timeUntil(atMs: number, nowMs: number): string {
  return atMs <= nowMs ? 'now' : `in ${spanOf(Math.max(1_000, atMs - nowMs))}`;
}

/** A span in its largest whole unit, as options take it: `12s`, `5m`, `3h`, `2d`. */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
