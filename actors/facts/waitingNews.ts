/**
 * Tells of operations that go on only when somebody does something: of the first at once, of many
 * together, and of each once (OP-7, CF-6).
 *
 * @module
 */

import {
  type AskingReason,
  asksForSomebody,
  STATE_WAITING_FOR,
} from '../../machines/operation/waitReason.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts, OnAlert } from './alertParts.ts';

/** The first one is told of at once, and those that follow within this time together. */
const TOGETHER_MS = 10_000;
/** So many are told of without waiting for more. */
const TOGETHER_MAX = 1_000;

/** What is said of each: why it waits, and what to do. */
const NEWS: Readonly<Record<AskingReason, { readonly code: ErrorCode; readonly why: string }>> = {
  conflict: {
    code: 'HF_CONFLICT',
    why: 'the upstream holds another version. Decide: retryNow() or cancel(); until then its lane waits, too',
  },
  review: {
    code: 'HF_OUTCOME_UNKNOWN',
    why: 'it may have been applied, and to repeat it is not known to be safe. Look at the upstream, then retryNow() or cancel(); until then its lane waits, too',
  },
  handler: {
    code: 'HF_HANDLER_UNKNOWN',
    why: 'no handler of its type is registered, and a function given to executeResilientSync ends with its process. Register one in handlers or with runtime.handle(), or cancel()',
  },
};

export function tellOfWaiting({ facts, clock, onAlert }: AlertParts): void {
  const news = new WaitingNews(clock, onAlert);
  facts.tap('operation.parked', ({ id }, _upstream, _reason, waitsFor) => {
    if (asksForSomebody(waitsFor)) news.began(id, waitsFor);
  });
  facts.tap('operation.resumed', ({ id }, _upstream, waitedFor) => {
    if (asksForSomebody(waitedFor)) news.ended(id, waitedFor);
  });
  facts.tap('runtime.stopped', () => {
    news.flush();
  });
}

class WaitingNews {
  readonly #clock: Clock;
  readonly #onAlert: OnAlert;
  readonly #untold = new Map<AskingReason, Set<string>>();
  #isPlanned = false;
  #nextAtMs = 0;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, onAlert: OnAlert) {
    this.#clock = clock;
    this.#onAlert = onAlert;
  }

  ended(id: string, reason: AskingReason): void {
    this.#untold.get(reason)?.delete(id);
  }

  began(id: string, reason: AskingReason): void {
    const ids = this.#untold.get(reason) ?? new Set();
    this.#untold.set(reason, ids.add(id));
    if (ids.size >= TOGETHER_MAX) this.flush();
    else this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    // Not at once: it may be on its way through this state.
    const waitMs = Math.max(0, this.#nextAtMs - this.#clock.monotonic());
    this.#cancel = this.#clock.schedule(waitMs, () => {
      this.#tell();
    });
  }

  /** What nobody was told yet is told now. */
  flush(): void {
    this.#cancel();
    if (this.#isPlanned) this.#tell();
  }

  #tell(): void {
    this.#isPlanned = false;
    for (const [reason, ids] of this.#untold) {
      const [first] = ids;
      if (first === undefined) continue;
      const more = ids.size - 1;
      const who =
        more === 0 ? `Operation ${first} waits` : `Operation ${first} and ${more} more wait`;
      const { code, why } = NEWS[reason];
      const state = STATE_WAITING_FOR[reason];
      this.#nextAtMs = this.#clock.monotonic() + TOGETHER_MS;
      const error = new HoldfastError(code, `${who} as ${state}: ${why}.`, { withStack: false });
      this.#onAlert(error, 'operation.parked');
    }
    this.#untold.clear();
  }
}
