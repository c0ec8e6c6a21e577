/**
 * Splits input into lines and checks them as text.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

/** One line of input, without its line end. */
export interface InputLine {
  /** The number of the line, from 1. */
  readonly number: number;
  /** The problem of the line as text, or `null`. */
  readonly problem: HoldfastError | null;
  /** The text; empty where there is a problem. */
  readonly text: string;
}

/** A request may hold 1 MiB of payload; escapes can make six bytes of one. */
const LINE_BYTES_MAX = 8 * 1_048_576;
const NEWLINE = 0x0a;
/** Space, tab, vertical tab, form feed, carriage return. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0b, 0x0c, 0x0d]);
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Cuts a stream of bytes into lines, holding no more than one line of it at a time: input is as
 * long as it likes. Blank lines are left out but counted; `\r\n` counts as a line end; the last
 * line needs none. A line that is too long or no UTF-8 is given with its problem, and the next
 * lines are read as usual.
 */
export async function* inputLines(
  source: AsyncIterable<Uint8Array>,
  lineBytesMax: number = LINE_BYTES_MAX,
): AsyncGenerator<InputLine> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;

  const finishLine = (): InputLine => {
    number += 1;
    const line =
      length > lineBytesMax
        ? badLine(number, `is longer than ${lineBytesMax} bytes`)
        : decode(Buffer.concat(parts), number);
    parts = [];
    length = 0;
    return line;
  };
  const take = (part: Uint8Array): void => {
    length += part.length;
    // A line that is too long is measured, not kept.
    if (length <= lineBytesMax) parts.push(part);
    else parts = [];
  };

  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, end));
      from = end + 1;
      const line = finishLine();
      if (line.problem !== null || line.text !== '') yield line;
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  if (length > 0) {
    const line = finishLine();
    if (line.problem !== null || line.text !== '') yield line;
  }
}

/** How many lines {@link inputLines} gives; it looks at bytes only, so it is many times faster. */
export async function countLines(source: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  let isBlank = true;
  for await (const chunk of source) {
    let from = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline;
      for (let at = from; isBlank && at < end; at += 1) isBlank = BLANKS.has(chunk[at] ?? 0);
      if (newline === -1) break;
      if (!isBlank) lines += 1;
      isBlank = true;
      from = newline + 1;
    }
  }
  return isBlank ? lines : lines + 1;
}

function decode(bytes: Uint8Array, number: number): InputLine {
  try {
    let text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (number === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    return { number, problem: null, text: text.trim() };
  } catch {
    return badLine(number, 'is not UTF-8');
  }
}

function badLine(number: number, what: string): InputLine {
  const problem = new HoldfastError('HF_LINE_INVALID', `Line ${number} ${what}.`, {
    line: number,
    withStack: false,
  });
  return { number, problem, text: '' };
}
