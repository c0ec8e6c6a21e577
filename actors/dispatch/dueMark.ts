/**
 * When the next row on disk is due among those of some ranks, as far as is known.
 *
 * @module
 */

export class DueMark {
  #nextAtMs = Number.POSITIVE_INFINITY;
  /** The earliest that was noted while a claim was out, of which its answer may not know. */
  #notedAtMs = Number.POSITIVE_INFINITY;

  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  isDue(nowMs: number): boolean {
    return this.#nextAtMs <= nowMs;
  }

  /** A row is due at `dueAtMs`. False where one is known that is due no later. */
  note(dueAtMs: number): boolean {
    this.#notedAtMs = Math.min(this.#notedAtMs, dueAtMs);
    if (dueAtMs >= this.#nextAtMs) return false;
    this.#nextAtMs = dueAtMs;
    return true;
  }

  /** A claim goes out: what is noted from now on its answer may not know of. */
  asked(): void {
    this.#notedAtMs = Number.POSITIVE_INFINITY;
  }

  /** A claim has answered that the next is due then; `null` for none. */
  answered(nextDueAtMs: number | null): void {
    this.#nextAtMs = Math.min(nextDueAtMs ?? Number.POSITIVE_INFINITY, this.#notedAtMs);
  }
}
