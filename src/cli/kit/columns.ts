/**
 * Puts texts side by side, each wrapped in its own column; nothing is cut.
 *
 * @module
 */

import { plain } from './output.ts';

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
