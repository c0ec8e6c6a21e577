/**
 * Remembers over a crash who had nothing else in flight beside it when it was ordered last, among those
 * that run alone (RT-4). The rows alone can't tell: a suspect that still waits is in hand like one in
 * flight. It is written before the order that it speaks of, and again before anything else is ordered.
 * Remembered too is in which order they began, so that one that hangs does not go before the culprit each time.
 *
 * @module
 */

import type { Journal } from '../journal/journal.ts';

/** The component under which it is kept. */
export const ALONE = 'alone';

/** Before the id of one that has had its turn. */
const TURN = '-';

/** Number of suspects whose turns are kept. */
const TURNS_MAX = 32;

export class AloneMark {
  readonly #journal: Pick<Journal, 'write'>;
  #ids = new Set<string>();
  /** Turns to run alone, by id: places in the order in which they began, the last of them last. */
  #turns = new Map<string, number>();
  #turnsHad = 0;

  constructor(journal: Pick<Journal, 'write'>) {
    this.#journal = journal;
  }

  /** Goes on from what an earlier process kept. */
  restore(state: string | undefined): void {
    const words = state === undefined || state === '' ? [] : state.split(' ');
    this.#ids = new Set(words.filter((word) => !word.startsWith(TURN)));
    for (const word of words) if (word.startsWith(TURN)) this.#hadTurn(word.slice(1));
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Place of its turn to run alone, higher for a later one; `null` without one. */
  turnOf(id: string): number | null {
    return this.#turns.get(id) ?? null;
  }

  /** Notes its turn: it is about to be ordered, alone or not. */
  began(id: string, isAlone: boolean): void {
    this.#hadTurn(id);
    if (isAlone) this.#ids.add(id);
    else this.#ids.delete(id);
    this.#write();
  }

  /** Notes that it is not alone any more. */
  ended(id: string): void {
    if (this.#ids.delete(id)) this.#write();
  }

  #hadTurn(id: string): void {
    this.#turns.delete(id);
    this.#turnsHad += 1;
    this.#turns.set(id, this.#turnsHad);
    for (const first of this.#turns.keys()) {
      if (this.#turns.size <= TURNS_MAX) break;
      this.#turns.delete(first);
    }
  }

  #write(): void {
    const state = [...this.#ids, ...[...this.#turns.keys()].map((id) => `${TURN}${id}`)].join(' ');
    this.#journal.write({
      build: () => ({ kind: 'component', name: ALONE, state }),
      onDurable: () => undefined,
    });
  }
}
