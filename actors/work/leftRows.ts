/**
 * Remembers rows that this process leaves on disk as they are: written by a later version, or
 * damaged.
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import { type HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { PassOver, StoredOperation } from '../../persistence/port/store.ts';
import type { Facts } from '../facts/factStream.ts';

/** True where a later version wrote what could not be read, so that it is to be left as it is (PS-3). */
export function isNewerRecord(error: unknown): error is HoldfastError {
  return isHoldfastError(error) && error.code === 'HF_RECORD_NEWER';
}

/**
 * Rows that are left on disk as they are, and in their lanes, as far as this process has met them: those
 * that a later version of their chart wrote, until a program that knows it runs again (PS-3,
 * docs/decisions/0050), and those of which a write was refused for damage, until that is mended or the next start.
 * Each query of the store for work passes over them, or would return them every time.
 */
export class LeftRows {
  readonly #facts: Facts;
  readonly #newer = new Set<number>();
  readonly #refused = new Map<number, HoldfastError>();
  readonly #triedAgain = new Set<number>();
  #passOver: PassOver = [];

  constructor(facts: Facts) {
    this.#facts = facts;
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

  /** Something that was damaged was rebuilt, which may be why they were refused: they go on once more, each once. */
  mended(): void {
    for (const seq of this.#refused.keys()) {
      // Else one whose own row is damaged would be done again with each mend.
      if (this.#triedAgain.has(seq)) continue;
      this.#triedAgain.add(seq);
      this.#refused.delete(seq);
    }
    this.#passOver = [];
  }

  /** One of a later version was met. */
  met({ seq, id, urgency }: StoredOperation): void {
    if (this.#newer.has(seq)) return;
    this.#newer.add(seq);
    this.#facts.emit('record.newer', id, passesBy('flow', { urgency }));
  }
}
