/**
 * The overview of each minute, as it is told to pages; and kept beside the feed of another process.
 *
 * @module
 */

import { joinedMinutes, type Minutes, withMinute } from '../minutes.ts';
import type { FeedMessage, FeedSource } from '../protocol.ts';
import { inPieces } from '../squeeze.ts';

/** As messages of which none takes long to be written or read. */
export function minutesTold(minutes: Minutes): FeedMessage[] {
  return minutes.length === 0 ? [] : inPieces([{ kind: 'minutes', minutes }]);
}

type Listener = (messages: readonly FeedMessage[]) => void;

/**
 * A feed of another process, whose minutes are kept here: from the beginning on, also while no page is open, and over
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

  /** As the feed does, with what is kept here behind each `hello`. */
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

  /** Keeps nothing more. */
  close(): void {
    this.#stop();
    this.#minutes = [];
  }

  #tell(listener: Listener, message: FeedMessage): void {
    try {
      listener([message]);
    } catch {
      // Its own watch finds out by itself.
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
