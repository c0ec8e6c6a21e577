/**
 * What handlers threw, so that none of it is lost: a defect in a handler looks like an upstream that
 * fails, and ends in the dead letters without a trace.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { Failure } from '../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Facts } from '../facts/factStream.ts';
import { stackLocation } from '../platform/operationId.ts';
import type { Handler } from './handler.ts';

/** Operations whose last exception is kept at least; at most it is twice as many. */
const KEPT_MIN = 1_000;

export class Exceptions {
  readonly #facts: Facts;
  /** By operation; the older half goes whole, since taking single ones out leaves remains. */
  #newer = new Map<string, unknown>();
  #older = new Map<string, unknown>();

  constructor({ facts }: { readonly facts: Facts }) {
    this.#facts = facts;
  }

  /** What the last attempt of an operation threw in this process, as long as it is kept. */
  of(id: string): unknown {
    return this.#newer.get(id) ?? this.#older.get(id);
  }

  /**
   * Keeps what an attempt threw. Where it was no answer but the app's own exception, that is a fact of
   * its own, and the failure says its class and where it came from: never its message, which may hold
   * anything (SE-5).
   */
  note(
    { context, handler }: { readonly context: SyncOperationContext; readonly handler: Handler },
    failure: Failure,
    thrown: unknown,
  ): Failure {
    this.#keep(context.id, thrown);
    if (failure.exception === undefined) return failure;
    // What calls the app's code in a handler, as `httpHandler` does for headers, says so in its own words.
    const isWrapped = isHoldfastError(thrown);
    const own = isWrapped ? thrown.cause : thrown;
    const location = stackLocation(own);
    const exception = location === null ? failure.exception : `${failure.exception} at ${location}`;
    this.#facts.emit('handler.threw', context, handler.upstream, exception, own);
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
}
