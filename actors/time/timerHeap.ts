/**
 * A heap of timers, the earliest first, from which any can be removed.
 *
 * @module
 */

/** Something that is due, in a heap. */
export interface Timer {
  readonly dueAtMs: number;
  readonly wake: () => void;
  /** Where it stands in the heap; -1 once it has left. */
  index: number;
}

/** A binary heap of timers, the first due on top: O(log n) to add and to remove. */
export class TimerHeap {
  readonly #heap: Timer[] = [];

  /** The one that is due first; `undefined` when there is none. */
  get first(): Timer | undefined {
    return this.#heap[0];
  }

  add(dueAtMs: number, wake: () => void): Timer {
    const timer: Timer = { dueAtMs, wake, index: this.#heap.length };
    this.#heap.push(timer);
    this.#rise(timer);
    return timer;
  }

  /** Takes it out; one that has left already is left alone. */
  remove(timer: Timer): void {
    const { index } = timer;
    if (index === -1) return;
    timer.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  clear(): void {
    for (const timer of this.#heap.splice(0)) timer.index = -1;
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #rise(timer: Timer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1];
      if (parent === undefined || parent.dueAtMs <= timer.dueAtMs) return;
      const { index } = timer;
      this.#place(timer, parent.index);
      this.#place(parent, index);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[2 * timer.index + 1];
      const right = this.#heap[2 * timer.index + 2];
      if (left === undefined) return;
      const child = right !== undefined && right.dueAtMs < left.dueAtMs ? right : left;
      if (child.dueAtMs >= timer.dueAtMs) return;
      const { index } = timer;
      this.#place(timer, child.index);
      this.#place(child, index);
    }
  }
}
