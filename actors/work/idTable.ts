/**
 * A table of values by their id, for many that come and go.
 *
 * @module
 */

/** Characters at the end of an id that choose its bucket: a version-7 UUID is random there. */
const HASHED = 6;
const BUCKETS_MIN = 64;
/** Values a bucket holds on average before there are more buckets. */
const FILL_MAX = 4;

/**
 * Values by their id, made for many that come and go.
 *
 * A `Map` lays out a new table whenever its room is used up, and what the old one held lives on with it
 * until the next full collection of garbage: at thousands of operations a second that is nearly all of
 * them (docs/decisions/0023). Here a place is emptied and used again.
 */
export class IdTable<Value extends { readonly id: string }> {
  #buckets: readonly Value[][] = emptyBuckets(BUCKETS_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): Value | undefined {
    const bucket = this.#bucketOf(id);
    for (let at = 0; at < bucket.length; at += 1) {
      const value = bucket[at];
      if (value?.id === id) return value;
    }
    return undefined;
  }

  /** Adds a value whose id is not there yet. */
  add(value: Value): void {
    if (this.#size >= this.#buckets.length * FILL_MAX) this.#grow();
    this.#bucketOf(value.id).push(value);
    this.#size += 1;
  }

  /** Takes it out; `undefined` where it was not there. */
  take(id: string): Value | undefined {
    const bucket = this.#bucketOf(id);
    for (let index = 0; index < bucket.length; index += 1) {
      const value = bucket[index];
      if (value?.id !== id) continue;
      const last = bucket.pop();
      if (last !== undefined && index < bucket.length) bucket[index] = last;
      this.#size -= 1;
      return value;
    }
    return undefined;
  }

  /** In no particular order. */
  values(): readonly Value[] {
    // Of many small buckets `flat` takes ten times as long.
    const values: Value[] = [];
    for (const bucket of this.#buckets) for (const value of bucket) values.push(value);
    return values;
  }

  #bucketOf(id: string): Value[] {
    let hash = 0;
    for (let index = Math.max(0, id.length - HASHED); index < id.length; index += 1) {
      hash = (hash * 31 + id.charCodeAt(index)) & 0x3f_ff_ff_ff;
    }
    // The number of buckets is a power of two.
    const bucket = this.#buckets[hash & (this.#buckets.length - 1)];
    return bucket ?? [];
  }

  #grow(): void {
    const values = this.values();
    this.#buckets = emptyBuckets(this.#buckets.length * 2);
    for (const value of values) this.#bucketOf(value.id).push(value);
  }
}

function emptyBuckets<Value>(count: number): readonly Value[][] {
  return Array.from({ length: count }, () => []);
}
