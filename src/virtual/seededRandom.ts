/**
 * Random numbers for tests, repeatable by their seed.
 *
 * @module
 */

import type { Random } from '../../machines/vocabulary/clock.ts';

/** A {@link Random} with more draws for tests. */
export interface SeededRandom extends Random {
  /** Draws a whole number from 0 up to and without `end`. */
  below(end: number): number;
  /** Draws true with this probability, from 0 to 1. */
  chance(share: number): boolean;
  /** Draws one entry of a list. */
  pick<T>(from: readonly [T, ...T[]]): T;
}

/**
 * Makes a source of random numbers that repeat for the same seed (mulberry32: good enough for tests, never for
 * secrets). Give it to `createRuntime` as `random`, and the runtime's jitter and ids repeat as well.
 *
 * @param seed A whole number; put it in the message of the test that it decides.
 * @example
 * const random = seededRandom(7);
 * random.below(6); // the same for every run with 7
 */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => below(16).toString(16)).join('');
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: (from) => from[below(from.length)] ?? from[0],
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'.charAt(below(4))}${hex(3)}-${hex(12)}`,
  };
}
