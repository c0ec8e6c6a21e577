/**
 * Keeps storms out of a log: the first few lines of a kind in a minute are written, the others are
 * counted, and one line then gives their number.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

const EVERY_MS = 60_000;
/** Lines of a kind that are written in that time. */
export const LINES_MAX = 5;
/** Kinds that are counted apart; any beyond count as one. */
const KINDS_MAX = 200;
const OTHERS = 'others';

interface Kind {
  written: number;
  leftOut: number;
}

export class LineLimit {
  readonly #clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly #onLeftOut: (kind: string, count: number) => void;
  readonly #kinds = new Map<string, Kind>();
  #sinceMs = Number.NEGATIVE_INFINITY;
  /** Set while lines were left out: a quiet log needs no timer. */
  #cancel: (() => void) | null = null;

  /** @param onLeftOut called once for each kind, at the end of the minute */
  constructor(
    clock: Pick<Clock, 'monotonic' | 'schedule'>,
    onLeftOut: (kind: string, count: number) => void,
  ) {
    this.#clock = clock;
    this.#onLeftOut = onLeftOut;
  }

  /** Whether one more line of this kind is written; else it is counted. */
  admits(name: string): boolean {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#sinceMs >= EVERY_MS) {
      this.sum();
      this.#sinceMs = nowMs;
    }
    const key = this.#kinds.has(name) || this.#kinds.size < KINDS_MAX ? name : OTHERS;
    const kind = this.#kinds.get(key) ?? { written: 0, leftOut: 0 };
    this.#kinds.set(key, kind);
    if (kind.written >= LINES_MAX) {
      kind.leftOut += 1;
      this.#cancel ??= this.#clock.schedule(this.#sinceMs + EVERY_MS - nowMs, this.sum);
      return false;
    }
    kind.written += 1;
    return true;
  }

  /** Reports the lines that were left out, and counts from zero again. */
  readonly sum = (): void => {
    this.#cancel?.();
    this.#cancel = null;
    const kinds = [...this.#kinds];
    this.#kinds.clear();
    for (const [name, { leftOut }] of kinds) if (leftOut > 0) this.#onLeftOut(name, leftOut);
  };
}
