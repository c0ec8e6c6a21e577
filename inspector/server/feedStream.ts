/**
 * The feed of one page: a line of JSON for each batch, for as long as the page reads.
 *
 * A page that does not keep up is not written for: its watch ends, so that nothing is collected for it, and
 * begins anew once it has read what it was sent, with all that is there by then. One that reads nothing
 * for a while is cut.
 *
 * @module
 */

import type { ServerResponse } from 'node:http';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FeedMessage, FeedSource } from '../protocol.ts';
import { type FeedLines, HEARTBEAT } from './feedLines.ts';
import { begin } from './replies.ts';

const HEARTBEAT_MS = 10_000;
/** How far a page may be behind, beyond what its watch began with. */
const BEHIND_BYTES_MAX = 1_048_576;
/** How long one that is behind may read nothing. */
const SILENT_MS_MAX = 10_000;

export interface FeedStreamParts {
  readonly response: ServerResponse;
  readonly source: FeedSource;
  readonly lines: FeedLines;
  readonly clock: Clock;
  /** Told once, when it has ended, whoever ended it. */
  readonly onEnd: () => void;
  readonly onError: (error: unknown) => void;
}

export class FeedStream {
  readonly #parts: FeedStreamParts;
  #unwatch: () => void = () => undefined;
  #cancelHeartbeat: () => void = () => undefined;
  #cancelCut: () => void = () => undefined;
  /** What the watch began with: a page has to be given the time to read that. */
  #firstBytes: number | null = null;
  #isEnded = false;

  constructor(parts: FeedStreamParts) {
    this.#parts = parts;
  }

  open(): void {
    const { response } = this.#parts;
    begin(response, 200, 'application/x-ndjson; charset=utf-8');
    response.flushHeaders();
    response.on('close', () => {
      this.end();
    });
    response.on('error', () => {
      this.end();
    });
    response.on('drain', () => {
      this.#drained();
    });
    this.#watch();
    this.#beat();
  }

  /** Ends it at once. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unwatch();
    this.#cancelHeartbeat();
    this.#cancelCut();
    this.#parts.response.destroy();
    this.#parts.onEnd();
  }

  #watch(): void {
    const { source, onError } = this.#parts;
    this.#firstBytes = null;
    let isOver = false;
    let unwatch: () => void = () => undefined;
    this.#unwatch = () => {
      isOver = true;
      unwatch();
    };
    try {
      unwatch = source.watch((messages) => {
        if (!isOver) this.#send(messages);
      });
      // Ended by what it was sent at once.
      if (isOver) unwatch();
    } catch (error) {
      onError(error);
      this.end();
    }
  }

  #send(messages: readonly FeedMessage[]): void {
    const { response, lines } = this.#parts;
    const line = lines.lineOf(messages);
    this.#firstBytes ??= Buffer.byteLength(line);
    response.write(line);
    if (response.writableLength > this.#firstBytes + BEHIND_BYTES_MAX) this.#fallBehind();
  }

  #fallBehind(): void {
    this.#unwatch();
    this.#unwatch = () => undefined;
    this.#cancelCut();
    this.#cancelCut = this.#parts.clock.schedule(SILENT_MS_MAX, () => {
      this.end();
    });
    this.#isBehind = true;
  }

  #isBehind = false;

  #drained(): void {
    if (!this.#isBehind || this.#isEnded) return;
    this.#isBehind = false;
    this.#cancelCut();
    this.#watch();
  }

  #beat(): void {
    const { clock, response } = this.#parts;
    this.#cancelHeartbeat = clock.schedule(HEARTBEAT_MS, () => {
      // Of one that reads nothing the heartbeats are all that would pile up.
      if (!this.#isBehind) response.write(HEARTBEAT);
      this.#beat();
    });
  }
}
