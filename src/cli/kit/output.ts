/**
 * The output of commands: results on stdout, messages to a person on stderr.
 *
 * @module
 */

import pc from 'picocolors';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import {
  causeText,
  className,
  isHoldfastError,
  toPlainError,
} from '../../../machines/vocabulary/errors.ts';

/** How often progress is shown: rewritten on a terminal, a new line elsewhere. */
const REWRITE_EVERY_MS = 100;
const APPEND_EVERY_MS = 1_000;
/** How often followed text is redrawn, even without news: on a terminal, and elsewhere. */
const REDRAW_EVERY_MS = 500;
const ADD_LINE_EVERY_MS = 5_000;

type Colors = ReturnType<typeof pc.createColors>;
/** Colours one line, which contains no control characters. */
export type Paint = (line: string, colors: Colors) => string;

/** The output of a command. All text is made {@link plain}, so that no foreign text can control the terminal. */
export interface Output {
  /** Prints data on stdout: as one line of JSON with `--json`, else the text. */
  readonly result: (value: object, text: string, paint?: Paint) => void;
  /** Says something to a person. */
  readonly say: (text: string, paint?: Paint) => void;
  /** Shows progress; `text` is called only when it will be shown. */
  readonly progress: (text: () => string) => void;
  /**
   * Shows progress repeatedly, even without news, until the returned function is called, which leaves `lastText` as
   * the last line.
   */
  readonly follow: (text: () => string, lastText: () => string) => () => void;
  /** Ends the progress line. */
  readonly endProgress: () => void;
}

/**
 * Invisible characters with an effect: control characters (an escape sequence sets a title, fills the clipboard, hides
 * a line), changes of direction, line ends, and halves of characters.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text with invisible characters shown as `\u{…}`. Line ends stay. */
export function plain(text: string): string {
  return text.replace(UNSEEN, (one) => (one === '\n' ? one : codePoint(one)));
}

/** {@link plain} for a single line: line ends are shown too. */
export function plainLine(text: string): string {
  return text.replace(UNSEEN, codePoint);
}

function codePoint(one: string): string {
  return `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`;
}

/** JSON on one line, with invisible characters escaped, of which `JSON.stringify` leaves most. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (one) =>
    [...Array(one.length).keys()]
      .map((at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
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

/** The streams and the clock; set only by tests. */
export interface OutputPorts {
  readonly clock: Clock;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export function createOutput(
  options: { readonly json: boolean },
  { clock, stdout, stderr }: OutputPorts = {
    clock: systemClock,
    stdout: process.stdout,
    stderr: process.stderr,
  },
): Output {
  const isLive = stderr.isTTY && process.env['TERM'] !== 'dumb';
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let isLineOpen = false;
  /** Redraws the followed text; `null` while there is none. */
  let redraw: (() => void) | null = null;

  const endProgress = (): void => {
    if (isLineOpen) stderr.write('\r\u001b[K');
    isLineOpen = false;
  };
  const draw = (text: string): void => {
    if (isLive) {
      // A line wider than the terminal would wrap and could not be rewritten.
      stderr.write(`\r\u001b[K${plainLine(text).slice(0, (stderr.columns ?? 80) - 1)}`);
      isLineOpen = true;
    } else {
      stderr.write(`${plainLine(text)}\n`);
    }
  };
  const painted = (stream: NodeJS.WriteStream, text: string, paint: Paint | undefined): string => {
    if (paint === undefined) return plain(text);
    const colors = pc.createColors(wantsColor(stream));
    const lines = plain(text).split('\n');
    return lines.map((line) => paint(line, colors)).join('\n');
  };
  const progress: Output['progress'] = (text) => {
    const nowMs = clock.monotonic();
    if (nowMs - shownAtMs < (isLive ? REWRITE_EVERY_MS : APPEND_EVERY_MS)) return;
    shownAtMs = nowMs;
    draw(text());
  };
  return {
    result(value, text, paint) {
      endProgress();
      stdout.write(`${options.json ? plainJson(value) : painted(stdout, text, paint)}\n`);
    },
    say(text, paint) {
      endProgress();
      stderr.write(`${painted(stderr, text, paint)}\n`);
      // The message has replaced the progress line.
      if (isLive) redraw?.();
    },
    progress,
    follow(text, lastText) {
      let cancel = (): void => {};
      const tick = (): void => {
        cancel = clock.schedule(isLive ? REDRAW_EVERY_MS : ADD_LINE_EVERY_MS, () => {
          draw(text());
          tick();
        });
      };
      redraw = () => {
        progress(text);
      };
      if (isLive) draw(text());
      tick();
      return () => {
        cancel();
        redraw = null;
        draw(lastText());
        if (isLineOpen) stderr.write('\n');
        isLineOpen = false;
      };
    },
    endProgress,
  };
}

/** An error as text: what happened and what to do, then its code and place. */
export function errorText(error: unknown): string {
  if (process.env['HOLDFAST_DEBUG'] !== undefined) return `holdfast: ${stacksOf(error)}`;
  if (!isHoldfastError(error)) {
    const said = plainLine(error instanceof Error ? error.message : String(error));
    return `holdfast: ${said}\n  ${className(error)}, unexpected; HOLDFAST_DEBUG=1 shows where it came from`;
  }
  const { code, message, path, line, field } = error;
  const place = [
    path !== undefined && !message.includes(path) ? path : '',
    line === undefined ? '' : `line ${line}`,
    field === undefined ? '' : `field ${field}`,
  ].filter((part) => part !== '');
  return `holdfast: ${plainLine(message)}\n  ${plainLine([code, ...place].join(' · '))}`;
}

/** An error as JSON. */
export function errorJson(error: unknown): object {
  const { message, code, retry, field, path, line } = toPlainError(error);
  return { error: { message, code, retry, field, path, line } };
}

/** Causes are followed this deep; a loop of them must end. */
const CAUSES_MAX = 8;

/** The stack of an error and of each of its causes. */
function stacksOf(error: unknown): string {
  const stacks: string[] = [];
  for (let one = error; one !== undefined && stacks.length < CAUSES_MAX; ) {
    stacks.push(one instanceof Error ? (one.stack ?? one.message) : causeText(one));
    one = one instanceof Error ? one.cause : undefined;
  }
  return stacks.join('\n  caused by: ');
}

const heard = new WeakSet<object>();

/** True if this error was already printed; the error that ends a command is reported twice. */
export function wasReported(error: unknown): boolean {
  return typeof error === 'object' && error !== null && heard.has(error);
}

/**
 * Makes the `onError` of a command's runtime: prints each kind of trouble once, since the same one may come a thousand
 * times a second. With HOLDFAST_DEBUG it prints all of them.
 */
export function reportOnce(output: Pick<Output, 'say'>): (error: unknown) => void {
  const said = new Set<string>();
  return (error) => {
    const kind = isHoldfastError(error) ? error.code : String(error);
    if (said.has(kind) && process.env['HOLDFAST_DEBUG'] === undefined) return;
    said.add(kind);
    if (error instanceof Error) heard.add(error);
    output.say(errorText(error));
  };
}

/** The longest a crisis may wait for its answer (CR-1). */
export const CRISIS_ANSWER_MS_MAX = 200;

/** The value below which `share` of the values lie (nearest rank); 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export const dimly: Paint = (line, { dim }) => dim(line);

/** Highlights lines that begin with `PASS` or `FAIL`. */
export const paintVerdict: Paint = (line, { bold, green, red }) => {
  if (line.startsWith('PASS ')) return bold(green(line));
  return line.startsWith('FAIL ') ? bold(red(line)) : line;
};
