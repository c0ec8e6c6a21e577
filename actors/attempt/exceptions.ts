/**
 * What handlers threw, so that none of it is lost: a defect in a handler looks like an upstream that
 * fails, and ends in the dead letters without a trace.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { Failure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { placeOf } from '../platform/placeOf.ts';

/** Of so many operations the last exception is kept at least, and of twice as many at most. */
const KEPT_MIN = 1_000;
/** One kind of exception is told of once, and then at most this often. */
const TOLD_EVERY_MS = 60_000;
/** Kinds that are told apart; what is beyond counts as one, since a place in the code is rarely new. */
const KINDS_MAX = 200;
const OTHERS = 'others';

interface Kind {
  toldAtMs: number;
  untold: number;
}

export class Exceptions {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #kinds = new Map<string, Kind>();
  /** By operation; the older half goes whole, since taking single ones out leaves remains. */
  #newer = new Map<string, unknown>();
  #older = new Map<string, unknown>();

  constructor(parts: { readonly clock: Clock; readonly onError: (error: unknown) => void }) {
    this.#clock = parts.clock;
    this.#onError = parts.onError;
  }

  /** What the last attempt of an operation threw in this process, as long as it is kept. */
  of(id: string): unknown {
    return this.#newer.get(id) ?? this.#older.get(id);
  }

  /**
   * Keeps what an attempt threw. Where it was no answer but the app's own exception, `onError` is told,
   * and the failure says its class and where it came from: never its message, which may hold anything
   * (SE-5).
   */
  note(context: SyncOperationContext, failure: Failure, thrown: unknown): Failure {
    this.#keep(context.id, thrown);
    if (failure.exception === undefined) return failure;
    // What calls the app's code in a handler, as `httpHandler` does for headers, says so in its own words.
    const isWrapped = isHoldfastError(thrown);
    const own = isWrapped ? thrown.cause : thrown;
    const place = placeOf(own);
    const exception = place === null ? failure.exception : `${failure.exception} at ${place}`;
    this.#tell(context, exception, own);
    const message = isWrapped ? failure.message : `The handler failed with ${exception}.`;
    return { ...failure, exception, message };
  }

  #keep(id: string, thrown: unknown): void {
    if (this.#newer.size >= KEPT_MIN) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(id, thrown);
  }

  #tell({ type, id, attempt }: SyncOperationContext, exception: string, cause: unknown): void {
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
    this.#onError(error);
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
