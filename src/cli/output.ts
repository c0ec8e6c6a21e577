/**
 * What commands print: results on stdout, everything said to a person on stderr.
 *
 * @module
 */

import pc from 'picocolors';
import { systemClock } from '../../actors/systemClock.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';

/** On a terminal the progress line is rewritten this often; elsewhere a line is added. */
const REWRITE_EVERY_MS = 100;
const APPEND_EVERY_MS = 1_000;

export interface Output {
  /** Colours for stderr; they do nothing where colour is not wanted. */
  readonly colors: ReturnType<typeof pc.createColors>;
  /** Prints data on stdout: as one line of JSON with `--json`, else the text. */
  readonly result: (value: object, text: string) => void;
  /** Says something to a person. */
  readonly say: (text: string) => void;
  /** Shows where things stand, `text` being asked for only when it will be shown. */
  readonly progress: (text: () => string) => void;
  /** Ends the progress line. */
  readonly endProgress: () => void;
}

/** `NO_COLOR` counts whatever its value (no-color.org), and a dumb terminal shows no colour. */
function wantsColor(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR: noColor, FORCE_COLOR: forceColor, TERM: term } = process.env;
  if (noColor !== undefined && noColor !== '') return false;
  if (forceColor !== undefined && forceColor !== '0') return true;
  // Away from a terminal `isTTY` is absent, and an absent answer would leave the choice to the library,
  // which colours logs in CI.
  if (!stream.isTTY) return false;
  return term !== 'dumb';
}

export function createOutput(options: { readonly json: boolean }): Output {
  const { stdout, stderr } = process;
  const isLive = stderr.isTTY && process.env['TERM'] !== 'dumb';
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let isLineOpen = false;

  const endProgress = (): void => {
    if (isLineOpen) stderr.write('\r\u001b[K');
    isLineOpen = false;
  };
  return {
    colors: pc.createColors(wantsColor(stderr)),
    result(value, text) {
      endProgress();
      stdout.write(options.json ? `${JSON.stringify(value)}\n` : `${text}\n`);
    },
    say(text) {
      endProgress();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      const nowMs = systemClock.monotonic();
      if (nowMs - shownAtMs < (isLive ? REWRITE_EVERY_MS : APPEND_EVERY_MS)) return;
      shownAtMs = nowMs;
      if (isLive) {
        // Longer than the terminal is wide, it would wrap and could not be rewritten.
        stderr.write(`\r\u001b[K${text().slice(0, (stderr.columns ?? 80) - 1)}`);
        isLineOpen = true;
      } else {
        stderr.write(`${text()}\n`);
      }
    },
    endProgress,
  };
}

/** An error as a person reads it: what happened and what to do, then its code and place. */
export function errorText(error: unknown): string {
  if (process.env['HOLDFAST_DEBUG'] !== undefined && error instanceof Error) {
    return `holdfast: ${error.stack ?? error.message}`;
  }
  if (!isHoldfastError(error)) {
    const said = error instanceof Error ? error.message : String(error);
    return `holdfast: ${said}\n  unexpected; HOLDFAST_DEBUG=1 shows where it came from`;
  }
  const { code, message, path, line, field } = error;
  const place = [
    path !== undefined && !message.includes(path) ? path : '',
    line === undefined ? '' : `line ${line}`,
    field === undefined ? '' : `field ${field}`,
  ].filter((part) => part !== '');
  return `holdfast: ${message}\n  ${[code, ...place].join(' · ')}`;
}

/** Columns padded to the width of their widest cell; numbers right-aligned. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? '').length)),
  );
  const isNumber = (value: unknown): boolean => typeof value === 'number';
  const numeric = head.map((_, column) => rows.every((row) => isNumber(row[column])));
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numeric[column] === true ? String(cell).padStart(width) : String(cell).padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
