/**
 * The owner's side of one line to an inspector. The queue for a viewer stays small: values that the feed holds
 * anyway, serialized only once the viewer has read what went before.
 *
 * @module
 */

import type { Duplex } from 'node:stream';
import type { FeedMessage } from '../../inspector/protocol.ts';
import { inPieces, squeezed } from '../../inspector/squeeze.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HEARTBEAT_MS } from './inspectProtocol.ts';

/** Messages that wait before they are squeezed; a batch has a handful, and comes each 50 ms. */
const WAITING_MAX = 400;
/** A viewer that has read nothing for so long is dropped; on a new line it gets everything again. */
const UNREAD_WITHIN_MS = 10_000;

export interface InspectLineParts {
  readonly socket: Duplex;
  readonly clock: Clock;
  /** The JSON of a message, the same text for all lines. */
  readonly jsonOf: (message: FeedMessage) => string;
  readonly onEnded: () => void;
}

export class InspectLine {
  readonly #parts: InspectLineParts;
  /** The rest of the batch that is being written: a large one goes out in pieces, with pauses between them. */
  #batch: readonly FeedMessage[] = [];
  #at = 0;
  #waiting: FeedMessage[] = [];
  #waitingMax = WAITING_MAX;
  #cancelUnread: (() => void) | null = null;
  #cancelHeartbeat: () => void = () => undefined;
  #isEnded = false;

  constructor(parts: InspectLineParts) {
    this.#parts = parts;
    const { socket } = parts;
    socket.on('drain', () => {
      this.#endUnread();
      this.#write();
    });
    // A viewer never sends anything.
    socket.on('data', () => {
      socket.destroy();
    });
    socket.on('end', () => {
      socket.destroy();
    });
    socket.on('close', () => {
      this.#end();
    });
    this.#beat();
  }

  /** Sends messages, now or once the viewer has read what went before. */
  say(messages: readonly FeedMessage[]): void {
    if (this.#isEnded) return;
    this.#waiting.push(...inPieces(messages));
    if (this.#waiting.length > this.#waitingMax) {
      this.#waiting = inPieces(squeezed(this.#waiting));
      // With very many actors the squeezed messages are long, and are not squeezed again for each batch.
      this.#waitingMax = Math.max(WAITING_MAX, 2 * this.#waiting.length);
    }
    this.#write();
  }

  /** Sends the last message, and ends. A viewer that is behind does not get it: the end of the line says as much. */
  close(last: FeedMessage): void {
    if (this.#isEnded) return;
    const { socket, jsonOf } = this.#parts;
    const isBehind = this.#isWithin || socket.writableNeedDrain;
    if (!isBehind) socket.end(`[${jsonOf(last)}]\n`, () => socket.destroy());
    // A viewer that reads nothing must not keep the process alive.
    if (isBehind || socket.writableLength > 0) socket.destroy();
    this.#end();
  }

  get #isWithin(): boolean {
    return this.#at < this.#batch.length;
  }

  #write(): void {
    const { socket, clock } = this.#parts;
    while (!socket.writableNeedDrain) {
      if (!this.#isWithin) {
        if (this.#waiting.length === 0) return;
        this.#batch = this.#waiting;
        this.#at = 0;
        this.#waiting = [];
      }
      socket.write(this.#piece());
    }
    this.#cancelUnread ??= clock.schedule(UNREAD_WITHIN_MS, () => {
      socket.destroy();
    });
  }

  /** The next message of the batch, as its part of the JSON. */
  #piece(): string {
    const message = this.#batch[this.#at] as FeedMessage;
    const before = this.#at === 0 ? '[' : ',';
    this.#at += 1;
    return `${before}${this.#parts.jsonOf(message)}${this.#isWithin ? '' : ']\n'}`;
  }

  #endUnread(): void {
    this.#cancelUnread?.();
    this.#cancelUnread = null;
  }

  /** Sends a heartbeat, so that a viewer can distinguish a quiet owner from a stopped one. */
  #beat(): void {
    this.#cancelHeartbeat = this.#parts.clock.schedule(HEARTBEAT_MS, () => {
      const { socket } = this.#parts;
      if (!this.#isWithin && !socket.writableNeedDrain) socket.write('[]\n');
      this.#beat();
    });
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting = [];
    this.#batch = [];
    this.#cancelHeartbeat();
    this.#endUnread();
    this.#parts.onEnded();
  }
}
