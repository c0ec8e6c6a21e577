/**
 * Several routes read as one list: how far each has been read, and which comes next.
 *
 * @module
 */

/** Due time and number of a due row, which give its place among those of its rank. */
export type DueHead = readonly [dueAtMs: number, seq: number];

/** A route within one rank, with the position up to which it is read. */
export class RouteCursor {
  readonly route: Uint8Array;
  readonly rank: number;
  /** Number of rows passed. */
  passed = 0;
  #heads: readonly DueHead[];
  #at = 0;

  constructor(route: Uint8Array, rank: number, head: DueHead) {
    this.route = route;
    this.rank = rank;
    this.#heads = [head];
  }

  /** The next row. Not valid at the end. */
  get head(): DueHead {
    return this.#heads[this.#at] as DueHead;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#heads.length;
  }

  /** Passes a row; `false` where what was read of the route is used up. */
  pass(): boolean {
    this.passed += 1;
    this.#at += 1;
    return !this.isAtEnd;
  }

  /** Adds rows that were read. */
  readOn(heads: readonly DueHead[]): void {
    this.#heads = heads;
    this.#at = 0;
  }

  /** From its first row again. */
  restart(heads: readonly DueHead[]): void {
    this.passed = 0;
    this.readOn(heads);
  }
}

/** A heap of routes with the earliest next row on top; a route at its end leaves. */
export class CursorHeap {
  readonly #cursors: RouteCursor[];

  constructor(cursors: readonly RouteCursor[]) {
    // A sorted list is a heap.
    this.#cursors = cursors.filter(({ isAtEnd }) => !isAtEnd).toSorted(inOrder);
  }

  get first(): RouteCursor | undefined {
    return this.#cursors[0];
  }

  /** Restores the order after the first has moved on. */
  firstMoved(): void {
    const cursors = this.#cursors;
    if (cursors[0]?.isAtEnd === true) {
      const last = cursors.pop();
      if (last === undefined || last.isAtEnd) return;
      cursors[0] = last;
    }
    for (let at = 0; ; ) {
      const below = this.#earlierOf(2 * at + 1, 2 * at + 2);
      const [here, child] = [cursors[at], cursors[below]];
      if (here === undefined || child === undefined || inOrder(here, child) < 0) return;
      cursors[at] = child;
      cursors[below] = here;
      at = below;
    }
  }

  #earlierOf(left: number, right: number): number {
    const [a, b] = [this.#cursors[left], this.#cursors[right]];
    return a !== undefined && b !== undefined && inOrder(b, a) < 0 ? right : left;
  }
}

function inOrder(a: RouteCursor, b: RouteCursor): number {
  const [aDueAt, aSeq] = a.head;
  const [bDueAt, bSeq] = b.head;
  return aDueAt - bDueAt || aSeq - bSeq;
}
