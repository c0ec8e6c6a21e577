/**
 * The address and the protocol of the owner of a store: HTTP over a Unix socket, one request a connection.
 *
 * @module
 */

import { join, relative } from 'node:path';
import { isPlainError, type PlainError } from '../../machines/vocabulary/errors.ts';
import { isObject } from '../../machines/vocabulary/optionFields.ts';

/** The longest path that fits a socket address on every system (sun_path, less its end). */
const SOCKET_PATH_BYTES_MAX = 103;

/** The path before the name of a call: `POST /v1/deadLetter.replay`, with its parameters as JSON. */
export const CALL_PATH = '/v1/';

/** The answer to a call, as JSON: its result, or why it was refused. */
export type ControlAnswer = { readonly result: unknown } | { readonly error: PlainError };

/** The answer in a response body; `null` where the body is none. */
export function answerIn(said: string): ControlAnswer | null {
  let answer: unknown;
  try {
    answer = JSON.parse(said);
  } catch {
    return null;
  }
  if (!isObject(answer)) return null;
  if ('error' in answer) return isPlainError(answer.error) ? { error: answer.error } : null;
  return 'result' in answer ? { result: answer.result } : null;
}

/** The address of the owner's socket; `null` when the folder's path is too long for one. */
export function controlSocketPath(storeFolder: string): string | null {
  const absolute = join(storeFolder, 'control.sock');
  const candidates = [absolute, relative(process.cwd(), absolute)];
  return candidates.find((path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) ?? null;
}
