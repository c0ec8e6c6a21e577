/**
 * When the next row on disk is due in each rank, as far as is known: no row is due before its rank's mark.
 * Crises do not wait on disk.
 *
 * @module
 */

import { NO_RANKS, only, type RankSet } from '../../machines/vocabulary/rankSet.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';

const RANKS = URGENCY_MAX + 1;
const never = (): number[] => Array.from({ length: RANKS }, () => Number.POSITIVE_INFINITY);

export class DueMarks {
  readonly #nextAtMs = never();
  /** The earliest of each that was noted while a claim was out, of which its answer may not know. */
  readonly #notedAtMs = never();
  /** The earliest of all. */
  #firstAtMs = Number.POSITIVE_INFINITY;

  /** Where it is `Infinity` nothing is known to be on disk. */
  get firstAtMs(): number {
    return this.#firstAtMs;
  }

  /** The ranks in which rows may be due. */
  dueBy(nowMs: number): RankSet {
    let ranks = NO_RANKS;
    if (this.#firstAtMs > nowMs) return ranks;
    for (let rank = 1; rank < RANKS; rank += 1) {
      if ((this.#nextAtMs[rank] ?? nowMs) <= nowMs) ranks |= only(rank);
    }
    return ranks;
  }

  /** The earliest mark after this; `Infinity` for none. */
  nextAfter(nowMs: number): number {
    return this.#nextAtMs.reduce(
      (first, atMs) => (atMs > nowMs && atMs < first ? atMs : first),
      Number.POSITIVE_INFINITY,
    );
  }

  /** A row of this rank, or of any where it is `null`, is due then. False where that is nothing new. */
  note(dueAtMs: number, rank: number | null): boolean {
    if (rank !== null) return this.#note(dueAtMs, Math.max(1, rank));
    let isNew = false;
    for (let each = 1; each < RANKS; each += 1) isNew = this.#note(dueAtMs, each) || isNew;
    return isNew;
  }

  /** A claim of these ranks goes out: what is noted from now on its answer may not know of. */
  asked(from: number, to: number): void {
    this.#notedAtMs.fill(Number.POSITIVE_INFINITY, from, to + 1);
  }

  /**
   * A claim of these ranks has brought all that is due in them, and none of the others is due before this;
   * `null` for none.
   */
  answered(from: number, to: number, nextDueAtMs: number | null): void {
    for (let rank = from; rank <= to; rank += 1) {
      const notedAtMs = this.#notedAtMs[rank] ?? Number.POSITIVE_INFINITY;
      this.#nextAtMs[rank] = Math.min(nextDueAtMs ?? Number.POSITIVE_INFINITY, notedAtMs);
    }
    this.#firstAtMs = Math.min(...this.#nextAtMs);
  }

  #note(dueAtMs: number, rank: number): boolean {
    this.#notedAtMs[rank] = Math.min(this.#notedAtMs[rank] ?? dueAtMs, dueAtMs);
    if (dueAtMs >= (this.#nextAtMs[rank] ?? dueAtMs)) return false;
    this.#nextAtMs[rank] = dueAtMs;
    this.#firstAtMs = Math.min(this.#firstAtMs, dueAtMs);
    return true;
  }
}
