import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import type { PassOver, StoredOperation } from '../persistence/store.ts';

/** True where a later version wrote what could not be read, so that it is to be left as it is (PS-3). */
export function isNewerRecord(error: unknown): error is HoldfastError {
  return isHoldfastError(error) && error.code === 'HF_RECORD_NEWER';
}

/**
 * Rows that a later version of their chart wrote, as far as this process has met them. Each stays on
 * disk as it is, and in its lane, until a program that knows it runs again (PS-3, docs/decisions/0050).
 * Whoever asks the store for work passes over them, or would be given them for ever.
 */
export class NewerRows {
  readonly #onError: (error: unknown) => void;
  readonly #seqs = new Set<number>();
  #passOver: PassOver = [];

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get count(): number {
    return this.#seqs.size;
  }

  get passOver(): PassOver {
    if (this.#passOver.length !== this.#seqs.size) this.#passOver = [...this.#seqs];
    return this.#passOver;
  }

  /** One was met. The first is told of; health counts them all. */
  met({ seq, id }: StoredOperation): void {
    this.#seqs.add(seq);
    if (this.#seqs.size !== 1) return;
    this.#onError(
      new HoldfastError(
        'HF_RECORD_NEWER',
        `Operation ${id} was written by a later version of holdfast. It is left as it is, and so are others like it: run that version, or a later one. Health counts them.`,
        { retry: 'later', withStack: false },
      ),
    );
  }
}
