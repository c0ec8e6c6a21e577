/**
 * A ring buffer: the last items, in order.
 *
 * @module
 */

export class Ring<Item> {
  readonly #room: number;
  #items: Item[] = [];
  /** Index of the oldest item, once the ring is full. */
  #first = 0;

  constructor(room: number) {
    this.#room = room;
  }

  push(item: Item): void {
    if (this.#items.length < this.#room) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#first] = item;
    this.#first = (this.#first + 1) % this.#room;
  }

  /** The items, the oldest first. */
  get items(): readonly Item[] {
    return [...this.#items.slice(this.#first), ...this.#items.slice(0, this.#first)];
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }
}
