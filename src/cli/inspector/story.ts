/**
 * The messages of the command that serves the page: each page gets all of them, in order.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { FeedMessage, FeedSource, Note } from '../../../inspector/protocol.ts';

type Listener = (messages: readonly FeedMessage[]) => void;

export class Story {
  readonly #notes: Note[] = [];
  readonly #listeners = new Set<Listener>();

  tell(text: string, tone: Note['tone'] = 'plain'): void {
    const note: Note = {
      serial: this.#notes.length + 1,
      atMs: systemClock.now(),
      ...{ tone, text },
    };
    this.#notes.push(note);
    const messages: readonly FeedMessage[] = [{ kind: 'notes', notes: [note] }];
    for (const listener of this.#listeners) listener(messages);
  }

  /** A feed that begins with the story so far. */
  toldIn(source: FeedSource): FeedSource {
    return {
      watch: (listener) => {
        const stop = source.watch((messages) => {
          if (this.#listeners.has(listener)) {
            listener(messages);
            return;
          }
          this.#listeners.add(listener);
          listener([...messages, { kind: 'notes', notes: [...this.#notes] }]);
        });
        return () => {
          stop();
          this.#listeners.delete(listener);
        };
      },
      call: source.call,
    };
  }
}
