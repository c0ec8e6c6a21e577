/**
 * Lists in order, and several of them gone through as one.
 *
 * @module
 */

/** A list kept in order: found by bisection, changed by moving what is behind. */
export class SortedList<Item> {
  readonly #items: Item[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  /** @param compare a total order: 0 only for the same item. */
  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    const at = this.#placeOf(item);
    if (at === this.#items.length) this.#items.push(item);
    else this.#items.splice(at, 0, item);
  }

  remove(item: Item): void {
    const at = this.#placeOf(item);
    const found = this.#items[at];
    if (found !== undefined && this.#compare(found, item) === 0) this.#items.splice(at, 1);
  }

  [Symbol.iterator](): IterableIterator<Item> {
    return this.#items.values();
  }

  /** The index of the item, or its index if inserted. */
  #placeOf(item: Item): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#items[middle];
      if (there !== undefined && this.#compare(there, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The items of several lists, each in this order, in this order. */
export function* inOrder<Item>(
  lists: readonly Iterable<Item>[],
  compare: (a: Item, b: Item) => number,
): Generator<Item> {
  const heads = lists
    .map((list) => list[Symbol.iterator]())
    .map((rest) => ({ rest, ...rest.next() }));
  for (;;) {
    let first: (typeof heads)[number] | null = null;
    for (const head of heads) {
      if (head.done === true) continue;
      if (first === null || compare(head.value, first.value) < 0) first = head;
    }
    if (first === null) return;
    yield first.value;
    Object.assign(first, first.rest.next());
  }
}
