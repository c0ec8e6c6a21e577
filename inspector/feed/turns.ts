/**
 * Long work in pieces: one in each turn of the event loop, whoever wants how many, so that many viewers who come at
 * once take no longer of a turn than one does. What waits for its turn goes round.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

export class Turns {
  readonly #clock: Pick<Clock, 'defer'>;
  /** Each does one piece, and says whether there is another. */
  readonly #waiting: (() => boolean)[] = [];

  constructor(clock: Pick<Clock, 'defer'>) {
    this.#clock = clock;
  }

  /** Calls `piece` in turns to come until it is false. It must not throw. */
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
