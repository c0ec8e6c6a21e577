/**
 * Work in pieces, each in a turn of its own.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';

/** Goes on with the work, a piece in each turn: others have theirs between two. Rejects with what it throws. */
export async function inPieces<Result>(
  clock: Pick<Clock, 'defer'>,
  pieces: Pieces<Result>,
): Promise<Result> {
  for (;;) {
    await new Promise<void>((go) => {
      clock.defer(go);
    });
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}
