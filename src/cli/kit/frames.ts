/**
 * Redraws a text in place.
 *
 * @module
 */

import { plain } from './output.ts';
import { cut, terminalWidth } from './table.ts';

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
