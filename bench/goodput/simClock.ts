/**
 * Time for a simulation without promises: what is scheduled runs in order, at once, and nothing else.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

interface Wake {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
  isCancelled: boolean;
}

/** A clock on a binary heap. Unlike the testing kit's it drives no promises, which makes it fast. */
export class SimClock implements Clock {
  readonly #heap: Wake[] = [];
  #nowMs = 0;
  #order = 0;

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, wake: () => void): () => void {
    this.#order += 1;
    const entry: Wake = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order,
      wake,
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

  /** Runs what is scheduled until `isDone`, or until that time. */
  run(untilMs: number, isDone: () => boolean): void {
    while (!isDone()) {
      const next = this.#pop();
      if (next === undefined || next.atMs > untilMs) return;
      if (next.isCancelled) continue;
      this.#nowMs = next.atMs;
      next.wake();
    }
  }

  #push(entry: Wake): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): Wake | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const isRight = right !== undefined && left !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Wake, other: Wake): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
