/**
 * Remembers over a crash who had nothing else in flight beside it when it was ordered last, among those
 * that run alone (RT-4). The rows alone can't tell: a suspect that still waits is in hand like one in
 * flight. It is written before the order that it speaks of, and again before anything else is ordered.
 *
 * @module
 */

import type { Journal } from '../journal/journal.ts';

/** The component under which it is kept. */
export const ALONE = 'alone';

export class AloneMark {
  readonly #journal: Pick<Journal, 'write'>;
  #ids = new Set<string>();

  constructor(journal: Pick<Journal, 'write'>) {
    this.#journal = journal;
  }

  /** Goes on from what an earlier process kept. */
  restore(state: string | undefined): void {
    this.#ids = new Set(state === undefined || state === '' ? [] : state.split(' '));
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** It is about to be ordered, alone or not; or it is not alone any more. */
  note(id: string, isAlone: boolean): void {
    if (this.#ids.has(id) === isAlone) return;
    if (isAlone) this.#ids.add(id);
    else this.#ids.delete(id);
    const state = [...this.#ids].join(' ');
    this.#journal.write({
      build: () => ({ kind: 'component', name: ALONE, state }),
      onDurable: () => undefined,
    });
  }
}
