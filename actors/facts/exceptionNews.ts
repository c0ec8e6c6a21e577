/**
 * Tells of exceptions of handlers: each kind once, and then at most once a minute. A defect in a
 * handler looks like an upstream that fails, and would end in the dead letters without a trace.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts } from './alertParts.ts';

const TOLD_EVERY_MS = 60_000;
/** Kinds that are told apart; what is beyond counts as one, since a place in the code is rarely new. */
const KINDS_MAX = 200;
const OTHERS = 'others';

interface Kind {
  toldAtMs: number;
  untold: number;
}

export function tellOfExceptions({ facts, clock, onAlert }: AlertParts): void {
  const news = new ExceptionNews(clock, onAlert);
  facts.tap('handler.threw', (context, _, exception, thrown) => {
    news.threw(context, exception, thrown);
  });
}

class ExceptionNews {
  readonly #clock: Clock;
  readonly #onAlert: (error: unknown) => void;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock, onAlert: (error: unknown) => void) {
    this.#clock = clock;
    this.#onAlert = onAlert;
  }

  threw({ type, id, attempt }: SyncOperationContext, exception: string, cause: unknown): void {
    const nowMs = this.#clock.monotonic();
    const kind = this.#kindOf(`${type} ${exception}`);
    if (nowMs - kind.toldAtMs < TOLD_EVERY_MS) {
      kind.untold += 1;
      return;
    }
    const more =
      kind.untold === 0 ? '' : ` It did so ${kind.untold} times since this was last told.`;
    kind.toldAtMs = nowMs;
    kind.untold = 0;
    const error = new HoldfastError(
      'HF_ATTEMPT_FAILED',
      `The handler of ${type} failed with ${exception}, in attempt ${attempt} of operation ${id}.${more} ` +
        'It is tried again as long as its retry policy allows: mend the handler before that.',
      { retry: 'later', withStack: false },
    );
    // For whoever asks for it, and not for what prints whole errors: its message may hold anything (SE-5).
    Object.defineProperty(error, 'cause', { get: () => cause });
    this.#onAlert(error);
  }

  #kindOf(name: string): Kind {
    const key = this.#kinds.has(name) || this.#kinds.size < KINDS_MAX ? name : OTHERS;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const kind: Kind = { toldAtMs: Number.NEGATIVE_INFINITY, untold: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}
