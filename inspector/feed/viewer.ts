/**
 * One who watches a feed: told first what there is, piece by piece, then each batch.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FeedMessage } from '../protocol.ts';
import type { Turns } from './turns.ts';

type Messages = readonly FeedMessage[];

export interface ViewerParts {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly listener: (messages: Messages) => void;
  /** It is told nothing more: since it threw this, or held up the process. */
  readonly onDropped: (error: unknown) => void;
}

/** How long a listener may take for one batch, and how often in a row it may take longer. */
const TELLING_MS_MAX = 50;
const TIMES_MAX = 5;

export class Viewer {
  readonly #parts: ViewerParts;
  /** What there is, each piece made when it is told; `null` once all of it was. */
  #beginning: Iterator<Messages> | null = null;
  #isBegun = false;
  /** What has happened since, and is told after that. */
  #waiting: Messages[] = [];
  #timesLate = 0;
  #isOver = false;

  constructor(parts: ViewerParts) {
    this.#parts = parts;
  }

  /** Makes and tells these in turns of their own, so that a long beginning holds nothing up. */
  welcome(pieces: Iterable<Messages>): void {
    this.#beginning = pieces[Symbol.iterator]();
    this.#parts.turns.add(() => this.#tellNext());
  }

  /** Tells these, at once where that is one piece and nothing waits; else each in a turn of its own. */
  tell(pieces: readonly Messages[]): void {
    const isUpToDate = this.#isWelcomed;
    const [first = [], ...more] = pieces;
    if (isUpToDate && more.length === 0) {
      this.#call(first);
      return;
    }
    this.#waiting.push(...pieces);
    if (isUpToDate) this.#parts.turns.add(() => this.#tellNext());
  }

  /** Tells this, at once, and nothing more. Who is not told of everything yet, is not told it now. */
  finish(last: Messages): void {
    if (!this.#isBegun) this.#tellPiece();
    this.#call(last);
    this.leave();
  }

  /** It is not told anything any more. */
  leave(): void {
    this.#isOver = true;
    this.#beginning = null;
    this.#waiting = [];
  }

  get #isWelcomed(): boolean {
    return this.#beginning === null && this.#waiting.length === 0;
  }

  /** False once it is told what happens as it happens. */
  #tellNext(): boolean {
    if (this.#beginning !== null) this.#tellPiece();
    else this.#call(this.#waiting.shift() ?? []);
    return !this.#isWelcomed;
  }

  #tellPiece(): void {
    this.#isBegun = true;
    let messages: Messages | undefined;
    try {
      const next = this.#beginning?.next();
      if (next?.done === false) messages = next.value;
    } catch (error) {
      this.#drop(error);
      return;
    }
    if (messages === undefined) this.#beginning = null;
    else this.#call(messages);
  }

  #call(messages: Messages): void {
    if (this.#isOver || messages.length === 0) return;
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
