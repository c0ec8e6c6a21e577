import type { Clock } from '../../../machines/vocabulary/clock.ts';

/** So many wake-ups at one instant are a loop. */
const WAKES_AT_ONE_INSTANT_MAX = 20_000;

interface Wake {
  readonly atMs: number;
  /** Among equals the one scheduled first wakes first. */
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Where every virtual clock begins, in milliseconds since the epoch. */
export const VIRTUAL_EPOCH_MS = Date.UTC(2030, 0, 1);
/** What every monotonic clock shows then: far from the epoch, so that one is not taken for the other. */
const MONOTONIC_ORIGIN_MS = 1_000_000;

/**
 * Time that passes only when a test says so, on a binary heap. A wake-up is never lost or early, and
 * everything that promises set off runs to its end before the next one.
 */
export class VirtualClock implements Clock {
  readonly #heap: Wake[] = [];
  #elapsedMs = 0;
  #wallAheadMs = 0;
  #order = 0;

  now(): number {
    return VIRTUAL_EPOCH_MS + this.#elapsedMs + this.#wallAheadMs;
  }

  monotonic(): number {
    return MONOTONIC_ORIGIN_MS + this.#elapsedMs;
  }

  schedule(delayMs: number, wake: () => void): () => void {
    this.#order += 1;
    const entry: Wake = {
      atMs: this.#elapsedMs + Math.max(0, delayMs),
      order: this.#order,
      run: wake,
      isCancelled: false,
    };
    this.#push(entry);
    return () => {
      entry.isCancelled = true;
    };
  }

  defer(go: () => void): void {
    this.schedule(0, go);
  }

  /** Wake-ups that are pending. */
  get pending(): number {
    return this.#heap.filter(({ isCancelled }) => !isCancelled).length;
  }

  /** Sets the wall clock forward (or back, below 0), as an administrator would. */
  setWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /**
   * The machine sleeps for so long and nothing runs. Some platforms' monotonic clocks count that, and
   * what fell due meanwhile wakes afterwards; others know nothing of it.
   */
  suspend(ms: number, isCounted: boolean): void {
    if (isCounted) this.#elapsedMs += ms;
    else this.#wallAheadMs += ms;
  }

  /** Lets so much time pass, and everything that is due in it happen, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settleJobs();
    let wakesAtThisInstant = 0;
    for (
      let next = this.#heap[0];
      next !== undefined && next.atMs <= untilMs;
      next = this.#heap[0]
    ) {
      this.#pop();
      if (next.isCancelled) continue;
      wakesAtThisInstant = next.atMs > this.#elapsedMs ? 0 : wakesAtThisInstant + 1;
      if (wakesAtThisInstant > WAKES_AT_ONE_INSTANT_MAX) {
        throw new Error(
          `Time stands still: it wakes at once again and again, in ${String(next.run)}`,
        );
      }
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.run();
      await settleJobs();
    }
    this.#elapsedMs = untilMs;
  }

  /** Lets time pass in steps until `isDone`, or throws after `limitMs` of virtual time. */
  async advanceUntil(isDone: () => boolean, limitMs = 3_600_000, stepMs = 100): Promise<void> {
    await settleJobs();
    for (let passedMs = 0; !isDone(); passedMs += stepMs) {
      if (passedMs > limitMs) throw new Error(`Not done after ${limitMs} ms of virtual time.`);
      await this.advance(stepMs);
    }
  }

  /** What a promise comes to, letting so much time pass as it takes. */
  async run<T>(promise: Promise<T>, limitMs?: number): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    void promise.finally(done).catch(() => undefined);
    await this.advanceUntil(() => isDone, limitMs);
    return await promise;
  }

  #push(wake: Wake): void {
    let at = this.#heap.push(wake) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLater(parent, at)) return;
      at = parent;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#isLater(left, left + 1) ? left + 1 : left;
      if (!this.#swapIfLater(at, child)) return;
      at = child;
    }
  }

  #isLater(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return false;
    return first.atMs > second.atMs || (first.atMs === second.atMs && first.order > second.order);
  }

  #swapIfLater(upper: number, lower: number): boolean {
    const [first, second] = [this.#heap[upper], this.#heap[lower]];
    if (first === undefined || second === undefined || !this.#isLater(upper, lower)) return false;
    this.#heap[upper] = second;
    this.#heap[lower] = first;
    return true;
  }
}

/** Lets every promise that can settle do so: jobs run to the last before the next immediate. */
export async function settleJobs(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
