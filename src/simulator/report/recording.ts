/**
 * Recording of what inspectors were shown while a plan ran, to be shown again line by line of its history.
 *
 * @module
 */

import type { FeedMessage, FeedSource } from '../../../inspector/protocol.ts';
import { squeezed } from '../../../inspector/squeeze.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

/** Messages that the inspector of a device was shown at once. */
export interface Shown {
  readonly device: string;
  /** Number of lines that the history had then. */
  readonly afterLine: number;
  readonly messages: readonly FeedMessage[];
}

/** Most messages of one line that are kept as they are: idle hours are one line, with thousands of overviews. */
const MESSAGES_MAX = 400;

type Listener = (messages: readonly FeedMessage[]) => void;

/** The recorded feed of one device; pages see the part that was played. */
export class Recording implements FeedSource {
  readonly #lines: { readonly afterLine: number; messages: FeedMessage[] }[] = [];
  readonly #listeners = new Set<Listener>();
  #played = 0;

  record({ afterLine, messages }: Shown): void {
    const last = this.#lines.at(-1);
    if (last?.afterLine !== afterLine) {
      this.#lines.push({ afterLine, messages: [...messages] });
      return;
    }
    last.messages.push(...messages);
    if (last.messages.length > MESSAGES_MAX) last.messages = squeezed(last.messages);
  }

  /** Shows everything up to this line. */
  playTo(line: number): void {
    for (const { messages } of this.#lines.slice(this.#played)) {
      if ((this.#lines[this.#played]?.afterLine ?? 0) > line) return;
      this.#played += 1;
      for (const listener of this.#listeners) listener(messages);
    }
  }

  /** Sends an empty message, so that pages know that they are connected. */
  beat(): void {
    for (const listener of this.#listeners) listener([]);
  }

  readonly watch = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    listener(squeezed(this.#lines.slice(0, this.#played).flatMap(({ messages }) => messages)));
    return () => {
      this.#listeners.delete(listener);
    };
  };

  readonly call = (): Promise<never> =>
    Promise.reject(
      new HoldfastError('HF_OPTION_INVALID', 'A recording takes no orders and answers nothing.', {
        field: 'call',
      }),
    );
}
