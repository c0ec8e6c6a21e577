/**
 * Work in pieces, done at once, for tests.
 *
 * @module
 */

import type { Pieces } from '../../../machines/vocabulary/pieces.ts';

/** What comes of the work when all of it is done now. */
export function wholeOf<Result>(pieces: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}
