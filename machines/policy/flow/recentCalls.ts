/**
 * Counts the calls and failures of the last seconds, for the degradation level of an upstream
 * (DG-1).
 *
 * @module
 */
import type { CallResult } from '../../vocabulary/callResult.ts';

const SLICES = 10;

/**
 * Calls and failures of one upstream in the last seconds, for its degradation level.
 *
 * Unlike a `CallWindow` it forgets by time: where little or nothing is called, trouble of a minute
 * ago must not keep work parked. The span is kept in slices, so each call costs the same small time;
 * what is read covers between nine tenths of the span and all of it.
 */
export class RecentCalls {
  readonly #sliceMs: number;
  readonly #calls: number[] = new Array<number>(SLICES).fill(0);
  readonly #failures: number[] = new Array<number>(SLICES).fill(0);
  #slice = 0;

  constructor(spanMs = 10_000) {
    this.#sliceMs = spanMs / SLICES;
  }

  /** @param atMs from a clock that only grows */
  record(result: CallResult, atMs: number): void {
    if (result === 'ignored') return;
    this.#advanceTo(atMs);
    const index = this.#slice % SLICES;
    this.#calls[index] = (this.#calls[index] ?? 0) + 1;
    if (result === 'failure') this.#failures[index] = (this.#failures[index] ?? 0) + 1;
  }

  /** @param atMs from the same clock */
  read(atMs: number): { readonly calls: number; readonly failures: number } {
    this.#advanceTo(atMs);
    return { calls: sum(this.#calls), failures: sum(this.#failures) };
  }

  #advanceTo(atMs: number): void {
    const slice = Math.max(this.#slice, Math.floor(atMs / this.#sliceMs));
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let i = 0; i < passed; i++) {
      const index = (slice - i) % SLICES;
      this.#calls[index] = 0;
      this.#failures[index] = 0;
    }
    this.#slice = slice;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
