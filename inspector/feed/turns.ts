/**
 * Long work in pieces: one in each turn of the event loop for all viewers together, so that many who join at
 * once take no more of a turn than one does. The viewers take turns.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

export class Turns {
  readonly #clock: Pick<Clock, 'defer'>;
  /** Functions that do one piece each, and return whether there is another. */
  readonly #waiting: (() => boolean)[] = [];

  constructor(clock: Pick<Clock, 'defer'>) {
    this.#clock = clock;
  }

  /** Calls `piece` in later turns until it returns false. It must not throw. */
  add(piece: () => boolean): void {
    this.#waiting.push(piece);
    if (this.#waiting.length === 1) this.#arm();
  }

  #arm(): void {
    this.#clock.defer(() => {
      const [piece] = this.#waiting;
      const isMore = piece?.() === true;
      this.#waiting.shift();
      if (isMore && piece !== undefined) this.#waiting.push(piece);
      if (this.#waiting.length > 0) this.#arm();
    });
  }
}
