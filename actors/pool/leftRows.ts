/**
 * Remembers rows that this process leaves on disk as they are: written by a later version, or
 * damaged.
 *
 * @module
 */

import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { PassOver, StoredOperation } from '../../persistence/port/store.ts';

/** True where a later version wrote what could not be read, so that it is to be left as it is (PS-3). */
export function isNewerRecord(error: unknown): error is HoldfastError {
  return isHoldfastError(error) && error.code === 'HF_RECORD_NEWER';
}

/**
 * Rows that are left on disk as they are, and in their lanes, as far as this process has met them: those
 * that a later version of their chart wrote, until a program that knows it runs again (PS-3,
 * docs/decisions/0050), and those of which a write was refused for damage, until the next start. Whoever
 * asks the store for work passes over them, or would be given them for ever.
 */
export class LeftRows {
  readonly #onError: (error: unknown) => void;
  readonly #newer = new Set<number>();
  readonly #refused = new Map<number, HoldfastError>();
  #passOver: PassOver = [];

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** How many a later version wrote. */
  get newer(): number {
    return this.#newer.size;
  }

  get passOver(): PassOver {
    if (this.#passOver.length !== this.#newer.size + this.#refused.size) {
      this.#passOver = [...this.#newer, ...this.#refused.keys()];
    }
    return this.#passOver;
  }

  /** Why nothing of this row goes on here; `undefined` where it does. */
  refusalOf(seq: number): HoldfastError | undefined {
    return this.#refused.get(seq);
  }

  /** The store refused a write of it, and would refuse it again. */
  refused(seq: number, error: HoldfastError): void {
    this.#refused.set(seq, error);
  }

  /** One of a later version was met. The first is told of; health counts them all. */
  met({ seq, id }: StoredOperation): void {
    this.#newer.add(seq);
    if (this.#newer.size !== 1) return;
    this.#onError(
      new HoldfastError(
        'HF_RECORD_NEWER',
        `Operation ${id} was written by a later version of holdfast. It is left as it is, and so are others like it: run that version, or a later one. Health counts them.`,
        { retry: 'later', withStack: false },
      ),
    );
  }
}
