/**
 * Raises alerts for operations and conflicts that wait for a person: for
 * the first at once, for many together, and for each once (OP-7, CF-6).
 *
 * @module
 */

import {
  type AskingReason,
  asksForSomebody,
  asksNow,
  STATE_WAITING_FOR,
} from '../../machines/operation/waitReason.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { FactKind } from './fact.ts';
import type { FactTaps } from './factStream.ts';

export interface AlertParts {
  readonly facts: FactTaps;
  readonly clock: Clock;
  /** Receives what a person has to know, and the kind of the fact that it is about. */
  readonly onAlert: OnAlert;
}

export type OnAlert = (error: unknown, kind: FactKind) => void;

/** The first one raises an alert at once, and those that follow within this time share one. */
const TOGETHER_MS = 10_000;
/** This many raise an alert without waiting for more. */
const TOGETHER_MAX = 1_000;

const OF_OPERATION = { kind: 'operation.parked', what: 'Operation' } as const;

/** What a person is asked for: a reason of an operation to wait, or the decision of a conflict. */
type Asked = AskingReason | 'decision';

/** The texts for each: what it is and does, why, and what to do. */
const NEWS: Readonly<
  Record<
    Asked,
    {
      readonly code: ErrorCode;
      readonly kind: FactKind;
      readonly what: string;
      readonly as: string;
      readonly why: string;
    }
  >
> = {
  conflict: {
    ...OF_OPERATION,
    as: ` as ${STATE_WAITING_FOR.conflict}`,
    code: 'HF_CONFLICT',
    why: 'the upstream has another version. Decide: retryNow() or cancel(); until then its lane waits, too',
  },
  review: {
    ...OF_OPERATION,
    as: ` as ${STATE_WAITING_FOR.review}`,
    code: 'HF_OUTCOME_UNKNOWN',
    why: 'it may have been applied, and may not be safe to repeat. Check the upstream, then retryNow() or cancel(); until then its lane waits, too',
  },
  handler: {
    ...OF_OPERATION,
    as: ` as ${STATE_WAITING_FOR.handler}`,
    code: 'HF_HANDLER_UNKNOWN',
    why: 'no handler of its type is registered, and a function given to executeResilientSync ends with its process. Register one in handlers or with runtime.handle(), or cancel()',
  },
  decision: {
    kind: 'conflict.awaitsReview',
    what: 'Conflict',
    as: ' for a decision',
    code: 'HF_CONFLICT',
    why: 'both sides of a record are kept, since the rules do not decide. See holdfast conflicts, and decide there or with runtime.conflicts.resolve()',
  },
};

export function tellOfWaiting({ facts, clock, onAlert }: AlertParts): void {
  const news = new WaitingNews(clock, onAlert);
  facts.tap('operation.parked', (context, _upstream, _reason, waitsFor) => {
    if (asksNow(waitsFor, context)) news.began(context.id, waitsFor);
  });
  facts.tap('operation.resumed', ({ id }, _upstream, waitedFor) => {
    if (asksForSomebody(waitedFor)) news.ended(id, waitedFor);
  });
  facts.tap('conflict.awaitsReview', ({ conflictId }) => {
    news.began(conflictId, 'decision');
  });
  facts.tap('conflict.quarantined', ({ conflictId }) => {
    news.began(conflictId, 'decision');
  });
  facts.tap('conflict.resolved', ({ conflictId }) => {
    news.ended(conflictId, 'decision');
  });
  facts.tap('runtime.stopped', () => {
    news.flush();
  });
}

class WaitingNews {
  readonly #clock: Clock;
  readonly #onAlert: OnAlert;
  readonly #untold = new Map<Asked, Set<string>>();
  #isPlanned = false;
  #nextAtMs = 0;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, onAlert: OnAlert) {
    this.#clock = clock;
    this.#onAlert = onAlert;
  }

  ended(id: string, reason: Asked): void {
    this.#untold.get(reason)?.delete(id);
  }

  began(id: string, reason: Asked): void {
    const ids = this.#untold.get(reason) ?? new Set();
    this.#untold.set(reason, ids.add(id));
    if (ids.size >= TOGETHER_MAX) this.flush();
    else this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    // A little later: the operation may only pass through this state.
    const waitMs = Math.max(0, this.#nextAtMs - this.#clock.monotonic());
    this.#cancel = this.#clock.schedule(waitMs, () => {
      this.#tell();
    });
  }

  /** Raises the alerts that are due, now. */
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
      const { code, kind, what, as, why } = NEWS[reason];
      const who = more === 0 ? `${what} ${first} waits` : `${what} ${first} and ${more} more wait`;
      this.#nextAtMs = this.#clock.monotonic() + TOGETHER_MS;
      const error = new HoldfastError(code, `${who}${as}: ${why}.`, { withStack: false });
      this.#onAlert(error, kind);
    }
    this.#untold.clear();
  }
}
