/**
 * The crisis path (CR-1 to CR-4): it answers from memory at once, then delivers and writes beside
 * the answer. Nothing in it waits for a disk, a lock, a breaker, a lane or the start-up.
 *
 * @module
 */

import type { Clock } from '../machines/vocabulary/clock.ts';
import { HoldfastError, unforeseen } from '../machines/vocabulary/errors.ts';
import type { CheckedRequest } from '../machines/vocabulary/request.ts';
import type { OperationPool } from './operationPool.ts';
import type { Outcome } from './outcome.ts';

/** Something that helps now: a help line, a safety plan, a place to go. */
export interface CrisisResource {
  readonly kind: 'helpLine' | 'emergency' | 'plan' | 'contact';
  readonly name: string;
  /** Where it serves: ISO 3166 country codes, or `*` for everywhere. */
  readonly regions: readonly string[];
  readonly phone?: string | undefined;
  readonly text?: string | undefined;
  readonly url?: string | undefined;
  readonly note?: string | undefined;
}

/** What `crisis()` resolves to. The promises in it never hold up the answer. */
export interface CrisisAnswer {
  /** `upstream` only where `localAfterMs` gave the upstream time and it used it. */
  readonly source: 'local' | 'upstream';
  readonly resources: readonly CrisisResource[];
  /** From the call to the answer, in milliseconds. */
  readonly elapsedMs: number;
  /** `null` when the request was not well formed: it is answered all the same. */
  readonly operationId: string | null;
  /** Resolves once the crisis is on disk. Never holds up the answer; repeated until it works. */
  readonly durable: Promise<void>;
  /** How the delivery to the upstream ended. It goes on until it succeeds. */
  readonly delivery: Promise<Outcome>;
}

export interface CrisisResponderParts {
  readonly pool: OperationPool;
  readonly clock: Clock;
  /** Built-in ones first; never empty. */
  readonly resources: readonly CrisisResource[];
  /** How long the upstream may take to answer first, in milliseconds; 0 to answer at once. */
  readonly localAfterMs: number;
  readonly onAnswered: (elapsedMs: number) => void;
}

export class CrisisResponder {
  readonly #parts: CrisisResponderParts;

  constructor(parts: CrisisResponderParts) {
    this.#parts = parts;
  }

  /**
   * Answers. Never rejects and never throws: what is wrong with the request is told through
   * `durable` and `delivery`, and the person gets their answer.
   *
   * @param check gives the checked request, or throws what is wrong with it
   */
  async answer(check: () => CheckedRequest): Promise<CrisisAnswer> {
    const { clock, resources, localAfterMs, onAnswered } = this.#parts;
    const startedAtMs = clock.monotonic();
    const begun = this.#begin(check);
    const isDelivered = localAfterMs > 0 && (await this.#within(begun.delivery, localAfterMs));
    const elapsedMs = clock.monotonic() - startedAtMs;
    onAnswered(elapsedMs);
    return { source: isDelivered ? 'upstream' : 'local', resources, elapsedMs, ...begun };
  }

  #begin(check: () => CheckedRequest): Pick<CrisisAnswer, 'operationId' | 'durable' | 'delivery'> {
    const { pool } = this.#parts;
    let settleDurable: () => void = () => undefined;
    let failDurable: (error: HoldfastError) => void = () => undefined;
    const durable = new Promise<void>((resolve, reject) => {
      settleDurable = resolve;
      failDurable = reject;
    });
    // Whoever ignores these promises must not bring the process down.
    durable.catch(() => undefined);
    try {
      const { id } = pool.start(check(), { resolve: settleDurable, reject: failDurable });
      return { operationId: id, durable, delivery: pool.watchers.outcome(id) };
    } catch (error) {
      const cause =
        error instanceof HoldfastError
          ? error
          : unforeseen('The crisis could not be started', error);
      failDurable(cause);
      const delivery = Promise.reject<Outcome>(cause);
      delivery.catch(() => undefined);
      return { operationId: null, durable, delivery };
    }
  }

  async #within(delivery: Promise<Outcome>, ms: number): Promise<boolean> {
    return await new Promise<boolean>((resolve) => {
      const cancel = this.#parts.clock.schedule(ms, () => {
        resolve(false);
      });
      delivery.then(
        (outcome) => {
          cancel();
          resolve(outcome.status === 'completed');
        },
        () => {
          cancel();
          resolve(false);
        },
      );
    });
  }
}
