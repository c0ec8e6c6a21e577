/**
 * Settings of the wall clock that retention has to know of: what was stamped before it was put right has not been kept
 * for as long as its stamp says (PS-6).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

/** The two clocks may drift apart by so much between two looks. */
const TOLERANCE_MS = 60_000;

/** The wall clock was set forward by so much; `atMs` is what it showed then. */
interface Jump {
  readonly byMs: number;
  readonly atMs: number;
}

/**
 * The time by which spans that were kept are over: the wall clock, less what it was set forward by within the span.
 * A machine that slept looks the same, so what is kept there may stay for longer by that. What is set while no
 * process runs counts as time that has passed.
 */
export class WallJumps {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #spanMaxMs: number;
  readonly #keep: (state: string) => void;
  #jumps: readonly Jump[] = [];
  #wallMs: number;
  #monotonicMs: number;

  /**
   * @param spanMaxMs the longest span that is asked for
   * @param keep keeps the state that the next process gives to {@link resume}
   */
  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    spanMaxMs: number,
    keep: (state: string) => void,
  ) {
    this.#clock = clock;
    this.#spanMaxMs = spanMaxMs;
    this.#keep = keep;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonic();
  }

  /** The store is open: goes on from what an earlier process kept. */
  resume(state: string | undefined): void {
    const kept = (state ?? '').split(' ').map((jump) => {
      const [byMs = Number.NaN, atMs = Number.NaN] = jump.split('@').map(Number);
      return { byMs, atMs };
    });
    const known = kept.filter(({ byMs, atMs }) => byMs > 0 && Number.isSafeInteger(atMs));
    this.#jumps = [...known, ...this.#jumps];
  }

  /** What was to be kept until this time, for so long, has been. */
  keptUntil(spanMs: number): number {
    this.#look();
    const wallMs = this.#wallMs;
    const within = this.#jumps.filter(({ atMs }) => wallMs < atMs + spanMs);
    return wallMs - within.reduce((sum, { byMs }) => sum + byMs, 0);
  }

  #look(): void {
    const [wallMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonic()];
    const setMs = Math.round(wallMs - this.#wallMs - (monotonicMs - this.#monotonicMs));
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    if (Math.abs(setMs) < TOLERANCE_MS) return;
    // The jumps before it are as long ago as they were.
    const moved = this.#jumps.map(({ byMs, atMs }) => ({ byMs, atMs: atMs + setMs }));
    const all = setMs > 0 ? [...moved, { byMs: setMs, atMs: wallMs }] : setBack(moved, -setMs);
    this.#jumps = all.filter(({ atMs }) => wallMs < atMs + this.#spanMaxMs);
    this.#keep(this.#jumps.map(({ byMs, atMs }) => `${byMs}@${atMs}`).join(' '));
  }
}

/** A clock that is set back takes from the latest jumps. */
function setBack(jumps: readonly Jump[], backMs: number): readonly Jump[] {
  let leftMs = backMs;
  const less = jumps.toReversed().map(({ byMs, atMs }) => {
    const takenMs = Math.min(leftMs, byMs);
    leftMs -= takenMs;
    return { byMs: byMs - takenMs, atMs };
  });
  return less.toReversed().filter(({ byMs }) => byMs > 0);
}
