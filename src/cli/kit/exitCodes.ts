/**
 * The exit codes of all commands, and the errors that lead to them.
 *
 * @module
 */

import { type ErrorCode, isHoldfastError } from '../../../machines/vocabulary/errors.ts';

/** The exit codes of all commands. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Some work ended in the dead letters, or some input was bad. */
  someBad: 3,
  /** Work was left when `--deadline` came. */
  unfinished: 4,
  /** The store can't be opened: its key, its owner, its version, its folder. */
  storeUnavailable: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const STORE_CODES: ReadonlySet<ErrorCode> = new Set([
  'HF_STORE_OWNED',
  'HF_STORE_TAKEN',
  'HF_STORE_NEWER',
  'HF_STORE_OLDER',
  'HF_STORE_FOREIGN',
  'HF_STORE_CORRUPT',
  'HF_STORE_FOLDER',
  'HF_STORE_READ_ONLY',
  'HF_STORE_LOCKED',
  'HF_STORE_LOST',
  'HF_STORE_IO',
  'HF_STORE_UNAVAILABLE',
  'HF_SQLITE_UNAVAILABLE',
  'HF_STORE_MISSING',
  'HF_KEY_INVALID',
  'HF_KEY_MISSING',
  'HF_KEY_UNAVAILABLE',
  'HF_KEY_WRONG',
  'HF_KEY_UNKNOWN',
  'HF_KEY_FILE_EXPOSED',
  'HF_KEY_FILE_IN_STORE',
]);

/** The exit code of a command that ended with this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isHoldfastError(error)) return EXIT.failed;
  if (STORE_CODES.has(error.code)) return EXIT.storeUnavailable;
  if (error.code === 'HF_OPTION_INVALID') return EXIT.usage;
  return error.code === 'HF_LINE_INVALID' ? EXIT.someBad : EXIT.failed;
}
