/**
 * One viewer of a feed: it gets the current state first, piece by piece, then each batch.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FeedMessage } from '../protocol.ts';

// Long work in pieces: one in each turn of the event loop for all viewers together, so that many who join at
// once take no more of a turn than one does. The viewers take turns.

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

type Messages = readonly FeedMessage[];

export interface ViewerParts {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly listener: (messages: Messages) => void;
  /** Called when the viewer was dropped: with what it threw, or `null` where it blocked the process. */
  readonly onDropped: (error: unknown) => void;
}

/** How long a listener may take for one batch, and how many times in a row it may take longer. */
const TELLING_MS_MAX = 50;
const TIMES_MAX = 5;

export class Viewer {
  readonly #parts: ViewerParts;
  /** The current state, each piece made when it is sent; `null` once all were sent. */
  #beginning: Iterator<Messages> | null = null;
  #isBegun = false;
  /** Batches since then, which are sent after it. */
  #waiting: Messages[] = [];
  #timesLate = 0;
  #isOver = false;

  constructor(parts: ViewerParts) {
    this.#parts = parts;
  }

  /** Makes and sends the pieces in turns of their own, so that a long beginning delays nothing. */
  welcome(pieces: Iterable<Messages>): void {
    this.#beginning = pieces[Symbol.iterator]();
    this.#parts.turns.add(() => this.#tellNext());
  }

  /** Sends the pieces: at once where there is one and none waits, else each in a turn of its own. */
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

  /** Sends the last messages at once, and drops those that still wait. */
  finish(last: Messages): void {
    if (!this.#isBegun) this.#tellPiece();
    this.#call(last);
    this.leave();
  }

  /** Sends nothing more. */
  leave(): void {
    this.#isOver = true;
    this.#beginning = null;
    this.#waiting = [];
  }

  get #isWelcomed(): boolean {
    return this.#beginning === null && this.#waiting.length === 0;
  }

  /** Sends the next piece; returns false once none waits. */
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
    const what = `A viewer of the inspector took longer than ${TELLING_MS_MAX} ms for each of ${TIMES_MAX} batches, and was dropped.`;
    this.#drop(new Error(what));
  }

  #drop(error: unknown): void {
    if (this.#isOver) return;
    this.leave();
    this.#parts.onDropped(error);
  }
}
