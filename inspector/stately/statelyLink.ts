/**
 * Shows a feed to a Stately inspector over a WebSocket, until it is closed.
 *
 * What the inspector does not read in time waits here, squeezed to the live actors and their states. A lost
 * connection is tried again a few times, and then no more.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FeedMessage, FeedSource } from '../protocol.ts';
import { inPieces, squeezed } from '../squeeze.ts';
import type { StatelyFrames } from './statelyFrames.ts';
import type { TextSocket } from './webSocketClient.ts';

/** Beyond this many unsent bytes, nothing is added until the socket has drained. */
const BEHIND_BYTES_MAX = 1_048_576;
/** About how much is sent in one turn: this may be the thread that answers crises. */
const TURN_CHARS = 262_144;
/** Entries of one message: the frame of an actor holds its whole chart. */
const PIECE_MAX = 25;
/** Messages that wait as they came; more are squeezed. */
const WAITING_MAX = 400;
/** Pauses before each attempt to reconnect: five, in half a minute. */
const AGAIN_AFTER_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 15_000];

export interface StatelyLinkParts {
  readonly source: FeedSource;
  readonly clock: Clock;
  readonly newFrames: () => StatelyFrames;
  /** Connects to the same address. */
  readonly open: () => Promise<TextSocket>;
  /** Called once, when the last attempt to reconnect has failed; the link is closed by then. */
  readonly onGone: () => void;
}

export class StatelyLink {
  readonly #parts: StatelyLinkParts;
  #end: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: StatelyLinkParts) {
    this.#parts = parts;
  }

  /** Shows the feed over this socket, and over the next one once it has ended. */
  follow(socket: TextSocket): void {
    const show = new Showing(this.#parts, socket);
    this.#end = () => {
      show.end();
      socket.close();
    };
    if (this.#isClosed) {
      this.#end();
      return;
    }
    socket.onEnd = () => {
      show.end();
      this.#lookAgain(0);
    };
    show.begin();
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #lookAgain(times: number): void {
    if (this.#isClosed) return;
    const afterMs = AGAIN_AFTER_MS[times];
    if (afterMs === undefined) {
      this.close();
      this.#parts.onGone();
      return;
    }
    this.#end = this.#parts.clock.schedule(afterMs, () => {
      this.#parts.open().then(
        (socket) => {
          this.follow(socket);
        },
        () => {
          this.#lookAgain(times + 1);
        },
      );
    });
  }
}

/** The feed as it is shown over one socket. */
class Showing {
  readonly #socket: TextSocket;
  readonly #frames: StatelyFrames;
  readonly #source: FeedSource;
  readonly #clock: Clock;
  #waiting: FeedMessage[] = [];
  #waitingMax = WAITING_MAX;
  /** True while the next turn is to send more. */
  #isGoingOn = false;
  #unwatch: () => void = () => undefined;
  #isOver = false;

  constructor({ source, clock, newFrames }: StatelyLinkParts, socket: TextSocket) {
    this.#socket = socket;
    this.#clock = clock;
    this.#frames = newFrames();
    this.#source = source;
  }

  begin(): void {
    this.#socket.onDrain = () => {
      this.#send();
    };
    this.#unwatch = this.#source.watch((messages) => {
      if (this.#isOver) return;
      this.#waiting.push(...inPieces(messages.filter(isShown), PIECE_MAX));
      this.#send();
      if (this.#waiting.length <= this.#waitingMax) return;
      this.#waiting = inPieces(squeezed(this.#waiting), PIECE_MAX);
      // With very many actors the squeezed messages are long, and are not squeezed again for each batch.
      this.#waitingMax = Math.max(WAITING_MAX, 2 * this.#waiting.length);
    });
    if (this.#isOver) this.#unwatch();
  }

  end(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#unwatch();
  }

  #send(): void {
    if (this.#isGoingOn) return;
    let sent = 0;
    while (this.#socket.behindBytes <= BEHIND_BYTES_MAX) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      for (const frame of this.#frames.framesOf([message])) {
        const text = JSON.stringify(frame);
        sent += text.length;
        this.#socket.send(text);
      }
      if (sent >= TURN_CHARS) {
        this.#goOn();
        return;
      }
    }
  }

  #goOn(): void {
    this.#isGoingOn = true;
    this.#clock.defer(() => {
      this.#isGoingOn = false;
      if (!this.#isOver) this.#send();
    });
  }
}

/** Whether the protocol has a frame for such a message. */
function isShown({ kind }: FeedMessage): boolean {
  return kind === 'hello' || kind === 'actors' || kind === 'steps' || kind === 'ended';
}
