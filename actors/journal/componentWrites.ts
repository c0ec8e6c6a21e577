/**
 * Writes the states of components, each under its name, and what else is written again and again in place of itself.
 *
 * @module
 */

import type { Write } from '../../persistence/port/store.ts';
import type { Journal } from './journal.ts';
import { type JournalEntry, type Pending, supersede } from './journalEntry.ts';

export class ComponentWrites {
  readonly #journal: Pick<Journal, 'write' | 'holdsBack'>;
  /** Last write that was ordered and is not durable, by its name. */
  readonly #last = new Map<string, Pending>();

  constructor(journal: Pick<Journal, 'write' | 'holdsBack'>) {
    this.#journal = journal;
  }

  /**
   * Writes a state, repeated until it is durable; while the disk is ill the latest only.
   *
   * @param state what is written: it is asked for when the write is posted
   * @param onDurable called once that is durable, or a later state that was written in its place
   */
  write(name: string, state: () => string, onDurable: () => void = () => undefined): void {
    this.order(name, () => ({ kind: 'component', name, state: state() }), onDurable);
  }

  /** Does the same with another write. @param name of its own, which no component has */
  order(name: string, build: () => Write, onDurable: () => void): void {
    let pending: Pending | null = null;
    const entry: JournalEntry = {
      build,
      onDurable: () => {
        if (this.#last.get(name) === pending) this.#last.delete(name);
        onDurable();
      },
    };
    const before = this.#last.get(name) ?? null;
    if (this.#journal.holdsBack(before)) {
      pending = before;
      supersede(before, entry);
    } else {
      pending = this.#journal.write(entry);
      this.#last.set(name, pending);
    }
  }
}
