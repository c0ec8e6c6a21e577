/**
 * Batches of the feed as lines of JSON. A message that several pages are sent is written once.
 *
 * @module
 */

import type { FeedMessage } from '../protocol.ts';

/** The line that says no more than that the server is there. */
export const HEARTBEAT = '[]\n';

export class FeedLines {
  /** As long as somebody holds the message. */
  readonly #written = new WeakMap<FeedMessage, string>();

  lineOf(messages: readonly FeedMessage[]): string {
    return `[${messages.map((message) => this.#textOf(message)).join(',')}]\n`;
  }

  #textOf(message: FeedMessage): string {
    const known = this.#written.get(message);
    if (known !== undefined) return known;
    const text = JSON.stringify(message);
    this.#written.set(message, text);
    return text;
  }
}
