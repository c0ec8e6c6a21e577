/**
 * Reads a line of input as a request.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { checkRequest, type SyncRequest } from '../../../machines/policy/request/request.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { InputLine } from './inputLines.ts';

/** A line of input read as a request. */
export interface RequestLine {
  readonly number: number;
  /** With an idempotency key, the line's own or one made for it. */
  readonly request: SyncRequest & { readonly idempotencyKey: string };
}

/**
 * Reads a line as a request.
 *
 * A line without `idempotencyKey` gets one from its content and its position:
 * `line-<number>-<first 32 hex digits of SHA-256 over the line as JSON with sorted keys>`. So the
 * same file finds its operations again, and two equal lines are two operations. A file whose lines
 * may move needs keys of its own.
 *
 * @throws HoldfastError `HF_LINE_INVALID`; its `line` says which, and the message says what is
 * wrong and never repeats the line
 */
export function parseRequestLine(line: InputLine): RequestLine {
  if (line.problem !== null) throw line.problem;
  const { number } = line;
  const value = parseJson(line);
  let request = value as SyncRequest;
  // What is no object at all goes on as it is: the check below says so.
  if (isObject(value) && request.idempotencyKey === undefined) {
    const digest = createHash('sha256').update(sortedJson(value)).digest('hex');
    request = { ...request, idempotencyKey: `line-${number}-${digest.slice(0, 32)}` };
  }
  try {
    const { idempotencyKey } = checkRequest(request);
    return { number, request: { ...request, idempotencyKey: idempotencyKey ?? '' } };
  } catch (error) {
    throw lineError(number, error);
  }
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
