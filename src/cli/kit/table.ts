/**
 * Formats results: tables that fit the terminal, lists of facts, times and spans.
 *
 * @module
 */

import type { ErrorCode } from '../../../machines/vocabulary/errors.ts';
import { plain, plainLine } from './output.ts';

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

/** The narrowest readable column: columns go below each other rather than get narrower. */
const COLUMN_MIN = 24;
const GAP = '  ';
/** The widths where there is no terminal, and at the most. */
const WIDTH_DEFAULT = 80;
const WIDTH_MAX = 160;

/** Characters that are two columns wide on a terminal. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
/** Characters without a width. */
const MARK = /\p{Mn}|\p{Me}/u;

/** The width for text, bounded since very long lines are hard to read. */
export function readingWidth(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  if (!stream.isTTY) return WIDTH_DEFAULT;
  return Math.min(WIDTH_MAX, stream.columns > 0 ? stream.columns : WIDTH_DEFAULT);
}

/** Puts as many columns side by side as there is room for, and the others below. */
export function columns(texts: readonly string[], width: number, indent = ''): string {
  const room = Math.max(COLUMN_MIN, width - indent.length);
  const most = Math.max(1, Math.floor((room + GAP.length) / (COLUMN_MIN + GAP.length)));
  const beside = Math.min(texts.length, most);
  const columnWidth = Math.floor((room - GAP.length * (beside - 1)) / Math.max(1, beside));
  const rows: string[] = [];
  for (let at = 0; at < texts.length; at += beside) {
    const cells = texts.slice(at, at + beside).map((text) => wrapped(text, columnWidth));
    const height = Math.max(...cells.map((lines) => lines.length));
    if (at > 0) rows.push('');
    for (let line = 0; line < height; line += 1) {
      const parts = cells.map((lines) => padded(lines[line] ?? '', columnWidth));
      rows.push(`${indent}${parts.join(GAP)}`.trimEnd());
    }
  }
  return rows.join('\n');
}

/** Text in lines no wider than `width`, broken at spaces where there are any. */
export function wrapped(text: string, width: number): readonly string[] {
  return plain(text)
    .split('\n')
    .flatMap((line) => wrappedLine(line, width));
}

function wrappedLine(line: string, width: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0].slice(0, Math.floor(width / 2)) ?? '';
  const lines: string[] = [];
  let current = '';
  for (const character of Array.from(line)) {
    if (widthOf(current) + widthOf(character) > width) {
      if (character === ' ') {
        lines.push(current);
        current = indent;
        continue;
      }
      const at = current.lastIndexOf(' ');
      const isBreak = at >= indent.length + 1;
      lines.push(isBreak ? current.slice(0, at) : current);
      current = indent + (isBreak ? current.slice(at + 1) : '');
    }
    if (character === ' ' && current === indent && lines.length > 0) continue;
    current += character;
  }
  return [...lines, current];
}

function padded(line: string, width: number): string {
  return line + ' '.repeat(Math.max(0, width - widthOf(line)));
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

interface Entry {
  readonly atMs: number;
  readonly what: string;
  readonly attempt: number;
  readonly code: ErrorCode | null;
  readonly startedAtMs?: number | undefined;
  readonly failureClass?: string | undefined;
  readonly exception?: string | undefined;
}

/** A row for each attempt and each order, with how long it waited before and how long it took. */
export function historyTable(history: readonly Entry[], acceptedAtMs: number): string {
  const rows = history.map((entry, at) => {
    const since = history[at - 1]?.atMs ?? acceptedAtMs;
    const { startedAtMs } = entry;
    return [
      timeOf(entry.atMs),
      entry.what,
      entry.attempt,
      startedAtMs === undefined ? '' : `${startedAtMs - since} ms`,
      startedAtMs === undefined ? '' : `${entry.atMs - startedAtMs} ms`,
      [entry.failureClass, entry.code, entry.exception].filter(Boolean).join(' '),
    ];
  });
  return table(['at', 'what', 'attempt', 'waited', 'took', 'why'], rows);
}

type Screen = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns' | 'rows'>;

/** Whether the stream can be redrawn. */
export function canRedraw(stream: Pick<NodeJS.WriteStream, 'isTTY'>): boolean {
  return stream.isTTY && process.env['TERM'] !== 'dumb';
}

/** Returns a function that draws a text over the one before, cut to the terminal. */
export function frames(screen: Screen): (text: string) => void {
  let linesDrawn = 0;
  return (text) => {
    const width = terminalWidth(screen);
    // Text higher than the terminal would scroll, and scrolled lines can't be redrawn.
    const lines = plain(text)
      .split('\n')
      .slice(0, Math.max(1, (screen.rows ?? 24) - 1));
    const back = linesDrawn === 0 ? '' : `\u001b[${linesDrawn}A`;
    screen.write(`${back}\r\u001b[J${lines.map((line) => `${cut(line, width)}\n`).join('')}`);
    linesDrawn = lines.length;
  };
}
