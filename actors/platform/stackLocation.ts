/**
 * Finds the file and line where an error was thrown, without its message (SE-5).
 *
 * @module
 */

import { framesOf } from '../../machines/vocabulary/errors.ts';
import { isError } from '../../machines/vocabulary/realms.ts';

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
