/**
 * The overview of each minute as messages, and a store of them beside the feed of another process.
 *
 * @module
 */

import { joinedMinutes, type Minutes, withMinute } from '../minutes.ts';
import type { FeedMessage, FeedSource } from '../protocol.ts';
import { inPieces } from '../squeeze.ts';

/** The minutes as messages that are each quick to write and to read. */
export function minutesTold(minutes: Minutes): FeedMessage[] {
  return minutes.length === 0 ? [] : inPieces([{ kind: 'minutes', minutes }]);
}

type Listener = (messages: readonly FeedMessage[]) => void;

/**
 * A feed of another process whose minutes are kept here from the start, also while no page is open, and over
 * processes that come and go.
 *
 * @example
 * const kept = new KeptMinutes(ownerFeed({ storeFolder, clock, random }));
 * const stop = kept.watch(listener);
 * stop();
 * kept.close();
 */
export class KeptMinutes implements FeedSource {
  readonly call: FeedSource['call'];
  readonly #source: FeedSource;
  readonly #listeners = new Set<Listener>();
  readonly #stop: () => void;
  #name: string | null = null;
  #minutes: Minutes = [];

  constructor(source: FeedSource) {
    this.#source = source;
    this.call = source.call;
    this.#stop = source.watch((messages) => {
      this.#hear(messages);
    });
  }

  /** Watches the feed, and adds the kept minutes after each `hello`. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    const stop = this.#source.watch((messages) => {
      listener(
        messages.flatMap((message) => {
          if (message.kind === 'minutes') return [];
          if (message.kind !== 'hello' || message.name !== this.#name) return [message];
          return [message, ...minutesTold(this.#minutes)];
        }),
      );
    });
    return () => {
      this.#listeners.delete(listener);
      stop();
    };
  }

  /** Stops watching and keeping. */
  close(): void {
    this.#stop();
    this.#minutes = [];
  }

  #tell(listener: Listener, message: FeedMessage): void {
    try {
      listener([message]);
    } catch {
      // The watch of that listener ends by itself.
      this.#listeners.delete(listener);
    }
  }

  #hear(messages: readonly FeedMessage[]): void {
    for (const message of messages) {
      if (message.kind === 'hello') {
        if (message.name !== this.#name) this.#minutes = [];
        this.#name = message.name;
      } else if (message.kind === 'overview') {
        this.#minutes = withMinute(this.#minutes, message.overview);
      } else if (message.kind === 'minutes') {
        this.#minutes = joinedMinutes(this.#minutes, message.minutes);
        for (const listener of this.#listeners) this.#tell(listener, message);
      }
    }
  }
}
