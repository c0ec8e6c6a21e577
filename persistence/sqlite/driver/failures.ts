/**
 * Turns what SQLite and the file system throw into the family of holdfast's errors.
 *
 * @module
 */

import type { ErrorCode, RetryAdvice } from '../../../machines/vocabulary/errors.ts';
import { HoldfastError, isHoldfastError, unforeseen } from '../../../machines/vocabulary/errors.ts';
import { adviceFor, errorCodeOf } from '../../files/atomicFile.ts';
import { isSqliteError } from './library.ts';

/** The form of Node's codes for errors of the operating system. */
const SYSTEM_CODE = /^E[A-Z0-9]+$/;

/** SQLite's codes by their beginning; the first that fits counts. */
const FAILURES: readonly (readonly [
  prefix: string,
  code: ErrorCode,
  retry: RetryAdvice,
  what: string,
])[] = [
  ['SQLITE_FULL', 'HF_STORE_FULL', 'later', 'has no room left on its disk. Free some space'],
  // Memory shared between connections, read-only ones too, is in a file of its own.
  [
    'SQLITE_IOERR_SHMSIZE',
    'HF_STORE_FULL',
    'later',
    'has no room left on its disk for its -shm, without which it can not be read. Free some space',
  ],
  [
    'SQLITE_BUSY',
    'HF_STORE_LOCKED',
    'later',
    'is locked by another program. Close whatever else has it open',
  ],
  [
    'SQLITE_READONLY',
    'HF_STORE_READ_ONLY',
    'later',
    'can only be read. Make its disk, its folder and the file writable',
  ],
  [
    'SQLITE_CORRUPT',
    'HF_STORE_CORRUPT',
    'never',
    'is damaged. Check the disk and restore the store from a backup',
  ],
  [
    'SQLITE_NOTADB',
    'HF_STORE_CORRUPT',
    'never',
    'is not a database, or its first page is damaged. Restore the store from a backup',
  ],
  [
    'SQLITE_CONSTRAINT',
    'HF_INTERNAL',
    'never',
    'refused a write that contradicts what it holds. Please report this',
  ],
  [
    'SQLITE_CANTOPEN',
    'HF_STORE_IO',
    'later',
    'could not be opened. Check that its disk is there and works',
  ],
  ['SQLITE_', 'HF_STORE_IO', 'later', 'could not be read, written or synced. Check its disk'],
];

type Failure = readonly [code: ErrorCode, what: string];

const NO_ROOM: Failure = ['HF_STORE_FULL', 'has no room left on its disk. Free some space'];
const UNUSABLE: Failure = [
  'HF_STORE_FOLDER',
  "can't be used. Check that it exists and can be written",
];
const SYSTEM_FAILURES: ReadonlyMap<string, Failure> = new Map([
  ['ENOSPC', NO_ROOM],
  ['EDQUOT', NO_ROOM],
  ['EIO', ['HF_STORE_IO', 'could not be read, written or synced. Check its disk']],
  [
    'EROFS',
    ['HF_STORE_READ_ONLY', 'can only be read. Make its disk, its folder and the file writable'],
  ],
]);

/** The error to report for a failure at `path`; SQLite's own message is left out, its code kept. */
export function storeFailure(error: unknown, path: string): HoldfastError {
  if (isHoldfastError(error)) return error;
  if (isSqliteError(error)) {
    const known = FAILURES.find(([prefix]) => error.code.startsWith(prefix));
    if (known !== undefined) {
      const [, code, retry, what] = known;
      return new HoldfastError(code, `The store at ${path} ${what} (${error.code}).`, {
        path,
        retry,
        cause: error,
      });
    }
  }
  const systemCode = errorCodeOf(error);
  if (SYSTEM_CODE.test(systemCode)) {
    const [code, what] = SYSTEM_FAILURES.get(systemCode) ?? UNUSABLE;
    return new HoldfastError(code, `${path} ${what} (${systemCode}).`, {
      path,
      retry: adviceFor(error),
      cause: error,
    });
  }
  return unforeseen(`The store at ${path} failed unexpectedly`, error, { path });
}
