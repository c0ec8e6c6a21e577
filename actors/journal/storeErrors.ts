/**
 * What the journal makes of an error of the store: whose fault it is.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { causeText, HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';

/** The error as one of the family. */
export function toStoreError(error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error;
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The store failed unexpectedly (${causeText(error)}).`,
    { retry: 'later', cause: error },
  );
}

/** Whether the disk is to blame. Anything else is a write that will be refused again. */
export function isStorageFailure(error: HoldfastError): boolean {
  return error.code.startsWith('HF_STORE_');
}

/** Whether one record may be to blame: it contradicts what is stored, or its page is damaged. */
export function mayBeOneRecord(error: HoldfastError): boolean {
  return !isStorageFailure(error) || error.code === 'HF_STORE_CORRUPT';
}

/** The same failure for what was not even tried: of that nothing can be on disk. */
export function neverWritten(error: HoldfastError): HoldfastError {
  if (!error.mayBeStored) return error;
  const { code, message, retry, field, path, line, cause } = error;
  return new HoldfastError(code, message, { retry, field, path, line, cause, withStack: false });
}

/** How long closing waits for a disk that does not answer, for the writes and then for the file. */
const CLOSE_STALLED_MS = 5_000;

/**
 * A disk that answers nothing must not hold up the end without limit; what was accepted is on it.
 *
 * @throws HoldfastError `HF_STORE_STALLED`.
 */
export async function unlessStalled(clock: Clock, step: Promise<void>): Promise<void> {
  let cancel: () => void = () => undefined;
  const stalled = new Promise<never>((_, reject) => {
    cancel = clock.schedule(CLOSE_STALLED_MS, () => {
      reject(
        new HoldfastError(
          'HF_STORE_STALLED',
          'The disk did not answer while the store was being closed. What was accepted is on it and goes on at the next start.',
          { retry: 'later' },
        ),
      );
    });
  });
  try {
    await Promise.race([step, stalled]);
  } finally {
    cancel();
  }
}
