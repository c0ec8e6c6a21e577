/**
 * The latest calls to an upstream as an opt-in trip rule counts them: so many of them, or those of so
 * many milliseconds (CB-1).
 *
 * @module
 */

/** Calls, and how many of them failed or were slow. */
export interface WindowCounts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

export interface CallWindow extends WindowCounts {
  /** Takes a call that has ended in; `atMs` from a clock that only grows. */
  record(failed: boolean, isSlow: boolean, atMs: number): void;
  /** Forgets everything. */
  clear(): void;
}

const FAILED = 1;
const SLOW = 2;

/** The latest calls, whenever they were. Each costs the same small time whatever the size. */
export class CountWindow implements CallWindow {
  readonly #marks: Uint8Array;
  #next = 0;
  calls = 0;
  failures = 0;
  slow = 0;

  constructor(size: number) {
    this.#marks = new Uint8Array(size);
  }

  record(failed: boolean, isSlow: boolean): void {
    const mark = (failed ? FAILED : 0) + (isSlow ? SLOW : 0);
    if (this.calls < this.#marks.length) this.calls += 1;
    else this.#count(this.#marks[this.#next] ?? 0, -1);
    this.#count(mark, 1);
    this.#marks[this.#next] = mark;
    this.#next = (this.#next + 1) % this.#marks.length;
  }

  clear(): void {
    this.#next = 0;
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }

  #count(mark: number, by: 1 | -1): void {
    if ((mark & FAILED) !== 0) this.failures += by;
    if ((mark & SLOW) !== 0) this.slow += by;
  }
}

const SLICES = 10;

/**
 * The calls of the last milliseconds. It forgets by time and not by traffic, so that what failed an hour
 * ago counts no more. Kept in slices: what is read covers between nine tenths of the span and all of it.
 */
export class TimeWindow implements CallWindow {
  readonly #sliceMs: number;
  readonly #slices: { calls: number; failures: number; slow: number }[] = Array.from(
    { length: SLICES },
    () => ({ calls: 0, failures: 0, slow: 0 }),
  );
  #slice = Number.NEGATIVE_INFINITY;
  calls = 0;
  failures = 0;
  slow = 0;

  constructor(spanMs: number) {
    this.#sliceMs = spanMs / SLICES;
  }

  record(failed: boolean, isSlow: boolean, atMs: number): void {
    this.#advanceTo(atMs);
    const slice = this.#slices[this.#slice % SLICES];
    if (slice === undefined) return;
    slice.calls += 1;
    this.calls += 1;
    if (failed) {
      slice.failures += 1;
      this.failures += 1;
    }
    if (isSlow) {
      slice.slow += 1;
      this.slow += 1;
    }
  }

  clear(): void {
    for (const slice of this.#slices) this.#empty(slice);
  }

  #advanceTo(atMs: number): void {
    const slice = Math.max(this.#slice, Math.floor(Math.max(0, atMs) / this.#sliceMs));
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let back = 0; back < passed; back += 1) {
      const passedBy = this.#slices[(slice - back + SLICES) % SLICES];
      if (passedBy !== undefined) this.#empty(passedBy);
    }
    this.#slice = slice;
  }

  #empty(slice: { calls: number; failures: number; slow: number }): void {
    this.calls -= slice.calls;
    this.failures -= slice.failures;
    this.slow -= slice.slow;
    slice.calls = 0;
    slice.failures = 0;
    slice.slow = 0;
  }
}
