/**
 * A bound in time for any promise.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

/** What a promise comes to within so many milliseconds; `null` where that takes longer. */
export async function inTime<T>(
  clock: Clock,
  promise: Promise<T>,
  ms: number,
): Promise<{ readonly value: T } | null> {
  return await new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => {
      resolve(null);
    });
    promise.then(
      (value) => {
        cancel();
        resolve({ value });
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
