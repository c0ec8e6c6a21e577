/**
 * Writes the states of components, each under its name.
 *
 * @module
 */

import type { Journal } from './journal.ts';
import { type JournalEntry, type Pending, supersede } from './journalEntry.ts';

export class ComponentWrites {
  readonly #journal: Pick<Journal, 'write' | 'holdsBack'>;
  /** Last write that was ordered, by component. */
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
    const entry: JournalEntry = {
      build: () => ({ kind: 'component', name, state: state() }),
      onDurable,
    };
    const before = this.#last.get(name) ?? null;
    if (this.#journal.holdsBack(before)) supersede(before, entry);
    else this.#last.set(name, this.#journal.write(entry));
  }
}
