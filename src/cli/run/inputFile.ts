/**
 * Opens the input of `holdfast run`: a file, a pipe or stdin.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { constants, open as openFile } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { checkRequest, type SyncRequest } from '../../../machines/policy/request/request.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

/** The input, a file or stdin (`-`). */
export interface Input {
  /** The name of the input, for messages. */
  readonly name: string;
  /** Whether it can be read more than once: a file can, stdin and a pipe can't. */
  readonly isRepeatable: boolean;
  /** Reads the bytes from the start. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a file of input, so that a wrong name is found before anything is done. A named pipe is there once
 * somebody writes to it; `null` where `signal` is aborted before.
 *
 * @throws HoldfastError `HF_INPUT_UNREADABLE`
 */
export async function openInput(path: string): Promise<Input>;
export async function openInput(path: string, signal: AbortSignal): Promise<Input | null>;
export async function openInput(path: string, signal?: AbortSignal): Promise<Input | null> {
  if (path === '-') {
    return {
      name: 'stdin',
      isRepeatable: false,
      bytes: () => process.stdin,
      // While it is open the process does not end.
      close: async () => {
        process.stdin.destroy();
      },
    };
  }
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (found.isDirectory()) throw unreadable(path, Object.assign(new Error(), { code: 'EISDIR' }));
  if (found.isFIFO()) return await openPipe(path, signal);
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  return {
    name: path,
    isRepeatable: found.isFile(),
    bytes: () =>
      file.createReadStream(found.isFile() ? { start: 0, autoClose: false } : { autoClose: false }),
    close: async () => file.close(),
  };
}

/** Opens a pipe as a socket, since reading a socket can be ended at any moment, and reading a file can't. */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<Input | null> {
  const opening = promisify(openFile)(path, 'r');
  // Opening a pipe to read waits for a writer, and only a writer ends that.
  const beWriter = (): void => {
    open(path, constants.O_WRONLY | constants.O_NONBLOCK).then(
      (writer) => writer.close(),
      () => {},
    );
  };
  signal?.addEventListener('abort', beWriter);
  if (signal?.aborted === true) beWriter();
  const fd = await opening
    .catch((cause: unknown) => {
      throw unreadable(path, cause);
    })
    .finally(() => {
      signal?.removeEventListener('abort', beWriter);
    });
  const socket = new Socket({ fd, readable: true, writable: false });
  if (signal?.aborted === true) {
    socket.destroy();
    return null;
  }
  return {
    name: path,
    isRepeatable: false,
    bytes: () => socket,
    close: async () => {
      socket.destroy();
    },
  };
}

function unreadable(path: string, cause: unknown): HoldfastError {
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a folder'
        : `reading it failed with ${code ?? 'an error'}`;
  return new HoldfastError('HF_INPUT_UNREADABLE', `Can't read ${path}: ${why}.`, { path, cause });
}

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

/** A line of input read as a request. */
export interface RequestLine {
  readonly number: number;
  /** With an idempotency key, the line's own or one made for it. */
  readonly request: SyncRequest & { readonly idempotencyKey: string };
}

/**
 * Reads a line as a request, which is not checked yet.
 *
 * A line without `idempotencyKey` gets one from its content and its position:
 * `line-<number>-<first 32 hex digits of SHA-256 over the line as JSON with sorted keys>`. So the
 * same file finds its operations again, and two equal lines are two operations. A file whose lines
 * may move needs keys of its own.
 *
 * @throws HoldfastError `HF_LINE_INVALID` for one that is no object; its `line` says which, and the message says
 * what is wrong and never repeats the line
 */
export function readRequestLine(line: InputLine): RequestLine {
  if (line.problem !== null) throw line.problem;
  const { number } = line;
  const request = parseJson(line);
  if (!isObject(request)) return checkedLine(number, request);
  const { idempotencyKey } = request as Partial<SyncRequest>;
  if (idempotencyKey !== undefined) return { number, request: request as RequestLine['request'] };
  const digest = createHash('sha256').update(sortedJson(request)).digest('hex');
  const key = `line-${number}-${digest.slice(0, 32)}`;
  return { number, request: { ...(request as SyncRequest), idempotencyKey: key } };
}

/** {@link readRequestLine} with a check. @throws HoldfastError `HF_LINE_INVALID`, also for a bad request. */
export function parseRequestLine(line: InputLine): RequestLine {
  const { number, request } = readRequestLine(line);
  return checkedLine(number, request);
}

function checkedLine(number: number, request: unknown): RequestLine {
  try {
    checkRequest(request);
  } catch (error) {
    throw lineError(number, error);
  }
  return { number, request: request as RequestLine['request'] };
}

/** The error of a request, as the error of its line. Errors of anything else stay as they are. */
export function lineError(number: number, error: unknown): unknown {
  if (!isHoldfastError(error)) return error;
  // Whether anything was stored is for the run to say, at its end.
  const said = error.message.replace(/ Nothing was stored\.$/, '');
  return new HoldfastError('HF_LINE_INVALID', `Line ${number}: ${said}`, {
    line: number,
    field: error.field,
    cause: error,
    withStack: false,
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson({ number, text }: InputLine): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: its message quotes the line.
    throw new HoldfastError(
      'HF_LINE_INVALID',
      `Line ${number} is not JSON. Give one request, a JSON object, a line.`,
      { line: number, withStack: false },
    );
  }
}

/** JSON with the keys of every object sorted, so that the order they were written in means nothing. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** @throws HoldfastError (rejects) `HF_INPUT_UNREADABLE` */
export async function readJson(path: string): Promise<Json> {
  const input = await openInput(path);
  try {
    return JSON.parse(await textOf(input.bytes())) as Json;
  } catch (cause) {
    throw new HoldfastError('HF_INPUT_UNREADABLE', `${input.name} holds no JSON.`, { path, cause });
  } finally {
    await input.close();
  }
}
