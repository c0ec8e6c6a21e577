/**
 * Serves the inspector's page for the process that runs on a store, while owners come and go.
 *
 * @module
 */

import { systemClock, systemRandom } from '../../../actors/platform/systemClock.ts';
import { KeptMinutes } from '../../../inspector/feed/keptMinutes.ts';
import type { FeedMessage, FeedSource, Note } from '../../../inspector/protocol.ts';
import type { InspectorServer } from '../../../inspector/server/inspectorServer.ts';
import { ownerFeed } from '../../inspect/ownerFeed.ts';
import { startInspector } from '../../inspect/startInspector.ts';

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

export interface StorePageOptions {
  readonly store: string;
  /** The port; 0 for a free one. */
  readonly port: number;
  readonly operate: boolean;
  readonly onError: (error: unknown) => void;
  /** Called when a page begins to watch. */
  readonly onWatched?: () => void;
  readonly onMessages?: (messages: readonly FeedMessage[]) => void;
  /** The command's own messages to the pages. */
  readonly story?: Story;
}

/** @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE`; `HF_OPTION_INVALID` for a path that is too long. */
export async function serveStorePage(options: StorePageOptions): Promise<InspectorServer> {
  const { store, port, operate, onError, onWatched, onMessages, story } = options;
  const feed = new KeptMinutes(
    ownerFeed({ storeFolder: store, clock: systemClock, random: systemRandom }),
  );
  const heard: FeedSource = {
    watch(listener) {
      onWatched?.();
      return feed.watch((messages) => {
        onMessages?.(messages);
        listener(messages);
      });
    },
    call: feed.call,
  };
  const source = story === undefined ? heard : story.toldIn(heard);
  const parts = { source, port, canOperate: operate, clock: systemClock, onError };
  try {
    const server = await startInspector(parts);
    return {
      ...server,
      close: async () => {
        feed.close();
        await server.close();
      },
    };
  } catch (error) {
    feed.close();
    throw error;
  }
}
