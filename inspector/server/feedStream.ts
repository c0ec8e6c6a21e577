/**
 * The feed of one page: lines of JSON, for as long as the page reads.
 *
 * A page that does not keep up gets nothing more: its watch ends, so that nothing is collected for it, and
 * begins again with the current state once the page has read what it was sent. A page that is far behind for
 * too long is cut.
 *
 * @module
 */

import type { ServerResponse } from 'node:http';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FeedMessage, FeedSource } from '../protocol.ts';
import { begin } from './replies.ts';

/** A line without messages, which shows that the server is alive. */
const HEARTBEAT = '[]\n';

export class FeedLines {
  /** Texts of messages, kept as long as the messages are. */
  readonly #written = new WeakMap<FeedMessage, string>();

  /** A line with the first messages, of about `lengthMax` characters, and at least one message. */
  lineOf(
    messages: readonly FeedMessage[],
    lengthMax: number,
  ): { readonly text: string; readonly count: number } {
    const texts: string[] = [];
    let length = 0;
    for (const message of messages) {
      if (length >= lengthMax) break;
      const text = this.#textOf(message);
      texts.push(text);
      length += text.length;
    }
    return { text: `[${texts.join(',')}]\n`, count: texts.length };
  }

  #textOf(message: FeedMessage): string {
    const known = this.#written.get(message);
    if (known !== undefined) return known;
    const text = JSON.stringify(message);
    this.#written.set(message, text);
    return text;
  }
}

const HEARTBEAT_MS = 10_000;
/** How far a page may be behind, beyond the beginning of its watch. */
const BEHIND_BYTES_MAX = 1_048_576;
/** More than any beginning: all actors, and the remembered steps, news and minutes. */
const BEGINNING_BYTES_MAX = 32 * 1_048_576;
/** How long a page that is behind may take to read what it was sent. */
const BEHIND_MS_MAX = 10_000;
/** About how much is written in one turn: this may be the thread that answers crises. */
const TURN_BYTES = 65_536;

export interface FeedStreamParts {
  readonly response: ServerResponse;
  readonly source: FeedSource;
  readonly lines: FeedLines;
  readonly clock: Clock;
  /** Called once, when the stream has ended, by either side. */
  readonly onEnd: () => void;
  readonly onError: (error: unknown) => void;
}

/** A watch of the source, as long as the page keeps up. */
interface Watch {
  readonly end: () => void;
  readonly toWrite: FeedMessage[];
  /** True once the first overview has come: everything before it is the beginning. */
  isBegun: boolean;
  /** Size of the beginning, which a page is given the time to read. */
  beginningBytes: number;
  /** True if the source, which sends something each second, has sent nothing since the last heartbeat. */
  isSilent: boolean;
  isAway: boolean;
}

export class FeedStream {
  readonly #parts: FeedStreamParts;
  /** `null` while the page is behind. */
  #watch: Watch | null = null;
  #cancelHeartbeat: () => void = () => undefined;
  #cancelCut: () => void = () => undefined;
  #isEnded = false;

  constructor(parts: FeedStreamParts) {
    this.#parts = parts;
  }

  open(): void {
    const { response } = this.#parts;
    const end = (): void => {
      this.end();
    };
    response.on('close', end);
    response.on('error', end);
    response.on('drain', () => {
      this.#drained();
    });
    begin(response, 200, 'application/x-ndjson; charset=utf-8');
    response.flushHeaders();
    this.#beat();
    this.#beginWatch();
  }

  /** Ends the stream at once. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endWatch();
    this.#cancelHeartbeat();
    this.#cancelCut();
    this.#parts.response.destroy();
    this.#parts.onEnd();
  }

  #beginWatch(): void {
    const { source, onError } = this.#parts;
    let isOver = false;
    let unwatch: () => void = () => undefined;
    const watch: Watch = {
      end: () => {
        isOver = true;
        unwatch();
      },
      ...{ toWrite: [], isBegun: false, beginningBytes: 0, isSilent: false, isAway: false },
    };
    this.#watch = watch;
    try {
      unwatch = source.watch((messages) => {
        if (isOver) return;
        watch.isSilent = false;
        // Nothing more comes from a process that is away until another one begins.
        watch.isAway = messages.at(-1)?.kind === 'away';
        const isWriting = watch.toWrite.length > 0;
        watch.toWrite.push(...messages);
        if (!isWriting) this.#write(watch);
      });
      // The first messages have ended the watch already.
      if (isOver) unwatch();
    } catch (error) {
      onError(error);
      this.end();
    }
  }

  #endWatch(): void {
    this.#watch?.end();
    this.#watch = null;
  }

  /** Writes the waiting messages, in as many turns as it takes. */
  #write(watch: Watch): void {
    const { response, lines, clock } = this.#parts;
    if (this.#watch !== watch) return;
    const { text, count } = lines.lineOf(watch.toWrite, TURN_BYTES);
    const written = watch.toWrite.splice(0, count);
    if (!watch.isBegun) {
      const bytes = watch.beginningBytes + Buffer.byteLength(text);
      watch.beginningBytes = Math.min(bytes, BEGINNING_BYTES_MAX);
      watch.isBegun = written.some(({ kind }) => kind === 'overview' || kind === 'away');
    }
    response.write(text);
    if (response.writableLength > watch.beginningBytes + BEHIND_BYTES_MAX) {
      this.#fallBehind();
    } else if (watch.toWrite.length > 0) {
      clock.defer(() => {
        this.#write(watch);
      });
    }
  }

  /** Watches again if the source is silent: it drops viewers that block it, and may have dropped this page. */
  #reviveIfSilent(watch: Watch): void {
    if (watch.isSilent && !watch.isAway) {
      this.#endWatch();
      this.#beginWatch();
    } else {
      watch.isSilent = true;
    }
  }

  #fallBehind(): void {
    this.#endWatch();
    this.#cancelCut = this.#parts.clock.schedule(BEHIND_MS_MAX, () => {
      this.end();
    });
  }

  #drained(): void {
    if (this.#watch !== null || this.#isEnded) return;
    this.#cancelCut();
    this.#beginWatch();
  }

  #beat(): void {
    const { clock, response } = this.#parts;
    this.#cancelHeartbeat = clock.schedule(HEARTBEAT_MS, () => {
      if (this.#watch !== null) {
        response.write(HEARTBEAT);
        this.#reviveIfSilent(this.#watch);
      }
      this.#beat();
    });
  }
}
