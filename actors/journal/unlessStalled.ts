/**
 * Bounds how long closing waits for a disk that does not answer.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

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
