/**
 * Limits alerts: each kind is raised once, and then at most once a minute.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

const TOLD_EVERY_MS = 60_000;
/** Kinds that are counted apart; any beyond count as one. */
const KINDS_MAX = 200;
const OTHERS = 'others';

interface CountedKind {
  toldAtMs: number;
  untold: number;
}

export class Seldom {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #kinds = new Map<string, CountedKind>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Counts one more of a kind: returns how many were left out since the last alert; `null` to leave it out, too. */
  leftOut(name: string): number | null {
    const nowMs = this.#clock.monotonic();
    const kind = this.#kindOf(name);
    if (nowMs - kind.toldAtMs < TOLD_EVERY_MS) {
      kind.untold += 1;
      return null;
    }
    const { untold } = kind;
    kind.toldAtMs = nowMs;
    kind.untold = 0;
    return untold;
  }

  #kindOf(name: string): CountedKind {
    const key = this.#kinds.has(name) || this.#kinds.size < KINDS_MAX ? name : OTHERS;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const kind: CountedKind = { toldAtMs: Number.NEGATIVE_INFINITY, untold: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}
