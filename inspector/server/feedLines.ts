/**
 * Messages of the feed as lines of JSON. A message for several pages is serialized once.
 *
 * @module
 */

import type { FeedMessage } from '../protocol.ts';

/** A line without messages, which shows that the server is alive. */
export const HEARTBEAT = '[]\n';

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
