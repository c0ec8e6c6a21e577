/**
 * What the upstream of the drill did, by the number of the crisis: the witness of the deliveries,
 * independent of what the runtime says. An effect is made once for each idempotency key; a crisis that
 * came under two keys was delivered twice.
 *
 * @module
 */

/** One crisis as the upstream knows it: its number, how often it took effect, and when first. */
export type LedgerLine = readonly [number: number, effects: number, firstAtMs: number];

export class DrillLedger {
  readonly #keys = new Set<string>();
  readonly #effects = new Map<number, { effects: number; readonly firstAtMs: number }>();

  /** Makes the effect, unless one was made under this key. */
  apply(number: number, key: string, atMs: number): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    const entry = this.#effects.get(number);
    if (entry === undefined) this.#effects.set(number, { effects: 1, firstAtMs: atMs });
    else entry.effects += 1;
  }

  /** How many crises have taken effect. */
  get size(): number {
    return this.#effects.size;
  }

  lines(): readonly LedgerLine[] {
    return [...this.#effects].map(([number, { effects, firstAtMs }]) => [
      number,
      effects,
      firstAtMs,
    ]);
  }
}

/** A notice of the chain that was taken and answered: by which step, about whom, when. */
export interface NoticeLine {
  readonly step: string;
  /** Those whom it names, and how many people it is about. */
  readonly subjects: readonly string[];
  readonly people: number;
  readonly atMs: number;
}
