/**
 * Ids of operations: version-7 UUIDs, which sort by time.
 *
 * @module
 */

import { hash } from 'node:crypto';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Random } from '../../machines/vocabulary/clock.ts';
import { framesOf, isError } from '../../machines/vocabulary/errors.ts';

/**
 * A version-7 UUID (RFC 9562 §5.7): the time in milliseconds, then 74 random bits. Unlike a random
 * one it is inserted at the end of the store's index, which saves a page write an operation; the
 * time it shows is in the clear on the row anyway.
 */
export function operationId(atMs: number, random: Random): string {
  const time = atMs.toString(16).padStart(12, '0');
  const rest = random.uuid();
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${rest.slice(15)}`;
}

/** When an id was made, in milliseconds since the epoch. */
export function madeAtMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const MADE_AT_MAX = 2 ** 48 - 1;

/** The first id that can be made at an instant. */
export function firstIdAt(atMs: number): string {
  const time = Math.max(0, Math.min(MADE_AT_MAX, Math.floor(atMs)))
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/**
 * A digest (SHA-256) of what makes two requests the same piece of work (OP-8). Tier, priority and
 * expiry are not part of it: they change how the work is done, not what it is.
 *
 * @param scope what a repeat must have in common besides
 */
export function fingerprintOf(
  { body, entity, method, path }: Pick<CheckedRequest, 'body' | 'entity' | 'method' | 'path'>,
  scope: readonly string[] = [],
): string {
  const parts = [entity?.type, entity?.id, method, path, body];
  return digestOf(JSON.stringify(scope.length === 0 ? parts : [...parts, ...scope]));
}

/** SHA-256 of a text, as base64url. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

const FILE_AND_LINE = /(?:file:\/\/)?([^()]+?)(?:\?[^:]*)?:(\d+):\d+\)?$/;
const LENGTH_MAX = 120;
const SEPARATOR = /[\\/]/;

/**
 * Where an error was thrown, as `file:line`: the first place in its stack that is in a file. The file
 * is told from the folder of the program or of its package on, since what lies above is of the machine.
 * `null` where the stack tells none. The message of the error is no part of it.
 */
export function stackLocation(thrown: unknown): string | null {
  try {
    if (!isError(thrown) || typeof thrown.stack !== 'string') return null;
    const { stack, message } = thrown;
    // A message that looks like a frame must not be taken for one.
    const from = stack.indexOf(message);
    if (from === -1) return null;
    for (const frame of framesOf(stack.slice(from + message.length))) {
      const [, path, line] = FILE_AND_LINE.exec(frame.replace(/^ {4}at (?:.* \()?/, '')) ?? [];
      if (path === undefined || path.startsWith('node:')) continue;
      return `${relative(path).slice(-LENGTH_MAX)}:${line}`;
    }
  } catch {
    // Even a look at what was thrown may throw.
  }
  return null;
}

function relative(path: string): string {
  const folder = process.cwd();
  const isInside = path.startsWith(folder) && SEPARATOR.test(path.charAt(folder.length));
  if (isInside) return path.slice(folder.length + 1);
  const names = path.split(SEPARATOR);
  return names.slice(names.lastIndexOf('node_modules') + 1 || -1).join('/');
}
