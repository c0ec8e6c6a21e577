/**
 * One who watches a feed: told first what there is, piece by piece, then each batch.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FeedMessage } from '../protocol.ts';

type Messages = readonly FeedMessage[];

export interface ViewerParts {
  readonly clock: Clock;
  readonly listener: (messages: Messages) => void;
  /** It is told nothing more: since it threw this, or held up the process. */
  readonly onDropped: (error: unknown) => void;
}

/** How long a listener may take for one batch, and how often in a row it may take longer. */
const TELLING_MS_MAX = 50;
const TIMES_MAX = 5;

export class Viewer {
  readonly #parts: ViewerParts;
  /** What it has to be told before anything else; `null` once it was. */
  #waiting: Messages[] | null = null;
  #timesLate = 0;
  #isOver = false;

  constructor(parts: ViewerParts) {
    this.#parts = parts;
  }

  /** Tells these in turns of their own, so that a long beginning holds nothing up. */
  welcome(pieces: readonly Messages[]): void {
    this.#waiting = [...pieces];
    this.#next();
  }

  tell(messages: Messages): void {
    if (this.#waiting === null) this.#call(messages);
    else this.#waiting.push(messages);
  }

  /** Tells what it waits for, at once, and nothing more. */
  finish(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const messages of waiting) this.#call(messages);
    this.#isOver = true;
  }

  /** It is not told anything any more. */
  leave(): void {
    this.#isOver = true;
    this.#waiting = null;
  }

  #next(): void {
    this.#parts.clock.defer(() => {
      const messages = this.#waiting?.shift();
      if (messages !== undefined) this.#call(messages);
      if (this.#waiting === null) return;
      if (this.#waiting.length > 0) this.#next();
      else this.#waiting = null;
    });
  }

  #call(messages: Messages): void {
    if (this.#isOver) return;
    const { clock, listener } = this.#parts;
    const beganAtMs = clock.monotonic();
    try {
      listener(messages);
    } catch (error) {
      this.#drop(error);
      return;
    }
    const isLate = clock.monotonic() - beganAtMs > TELLING_MS_MAX;
    this.#timesLate = isLate ? this.#timesLate + 1 : 0;
    if (this.#timesLate < TIMES_MAX) return;
    const what = `A viewer of the inspector took longer than ${TELLING_MS_MAX} ms for each of ${TIMES_MAX} batches, and is told nothing more.`;
    this.#drop(new Error(what));
  }

  #drop(error: unknown): void {
    if (this.#isOver) return;
    this.leave();
    this.#parts.onDropped(error);
  }
}
