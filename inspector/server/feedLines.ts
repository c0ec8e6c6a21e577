/**
 * Messages of the feed as lines of JSON. One that several pages are sent is written once.
 *
 * @module
 */

import type { FeedMessage } from '../protocol.ts';

/** The line that says no more than that the server is there. */
export const HEARTBEAT = '[]\n';

export class FeedLines {
  /** As long as somebody holds the message. */
  readonly #written = new WeakMap<FeedMessage, string>();

  /** A line of the first messages, of about `lengthMax` characters; of one message at least. */
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
