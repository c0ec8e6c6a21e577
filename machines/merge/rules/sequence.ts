/**
 * Order of a list that devices ordered separately. Its items are decided before. Every device's move stays, whatever
 * others moved; of two moves of one item the later counts.
 *
 * @module
 */

import type { Pieces, Work } from '../../vocabulary/pieces.ts';
import type { Json } from '../../vocabulary/shape.ts';

/** Items in one order, and the places of the orders that moved an item elsewhere. */
export interface Sequence {
  readonly items: readonly Json[];
  readonly passedBy: readonly number[];
}

/** Start of a list: keys carry a mark, so none equals it. */
const START = '';

/**
 * Orders the items: what a device moved or added comes behind its predecessor there.
 *
 * @param orders of devices, the latest first
 * @param base the order from before
 */
export function* inSequence(
  items: ReadonlyMap<string, Json>,
  orders: readonly (readonly string[])[],
  base: readonly string[],
  work: Work,
): Pieces<Sequence> {
  const next = new Map<string, string | null>([[START, null]]);
  const [latest = []] = orders;
  let passedBy: readonly number[] = [];
  if (orders.length < 2) {
    yield* putIn(next, latest, work);
  } else {
    const moved: ReadonlySet<string>[] = [];
    for (const order of orders) moved.push(yield* movedIn(order, base, work));
    const movers = new Map<string, number>();
    for (const [at, keys] of moved.entries()) {
      for (const key of keys) {
        if (work.isDue(1 / 2)) yield;
        if (!movers.has(key)) movers.set(key, at);
      }
    }
    const known = new Set(base);
    yield* putIn(next, base, work, (key) => !movers.has(key));
    for (const [at, order] of orders.entries()) {
      const isOwn = (key: string) => (movers.get(key) ?? at) === at;
      const isToPut = (key: string) => !known.has(key) || movers.get(key) === at;
      yield* putIn(next, order, work, isToPut, isOwn);
    }
    passedBy = yield* passedIn(items, orders, moved, movers, work);
  }
  yield* putIn(next, base, work);
  yield* putIn(next, items.keys(), work);
  const sequence: Json[] = [];
  for (let place = next.get(START); typeof place === 'string'; place = next.get(place)) {
    const item = items.get(place.slice(1));
    if (work.isDue(1 / 2)) yield;
    if (item !== undefined) sequence.push(item);
  }
  return { items: sequence, passedBy };
}

/** Inserts the keys of an order, each behind the last one before it that others have not moved. */
function* putIn(
  next: Map<string, string | null>,
  order: Iterable<string>,
  work: Work,
  isToPut: (key: string) => boolean = () => true,
  isFirm: (key: string) => boolean = () => true,
): Pieces<void> {
  let previous = START;
  for (const key of order) {
    if (work.isDue(1 / 2)) yield;
    const place = `=${key}`;
    if (!next.has(place)) {
      if (!isToPut(key)) continue;
      next.set(place, next.get(previous) ?? null);
      next.set(previous, place);
    } else if (!isFirm(key)) {
      continue;
    }
    previous = place;
  }
}

/** Returns the places of orders that moved an item elsewhere than the deciding order. */
function* passedIn(
  items: ReadonlyMap<string, Json>,
  orders: readonly (readonly string[])[],
  moved: readonly ReadonlySet<string>[],
  movers: ReadonlyMap<string, number>,
  work: Work,
): Pieces<readonly number[]> {
  const before: ReadonlyMap<string, string>[] = [];
  for (const order of orders) {
    const ofOrder = new Map<string, string>();
    let previous = START;
    for (const key of order) {
      if (work.isDue(1 / 2)) yield;
      if (!items.has(key)) continue;
      ofOrder.set(key, previous);
      previous = `=${key}`;
    }
    before.push(ofOrder);
  }
  const passedBy: number[] = [];
  for (const [at, keys] of moved.entries()) {
    let isPassedBy = false;
    for (const key of keys) {
      if (work.isDue(1 / 2)) yield;
      const mover = movers.get(key) ?? at;
      if (mover === at || !items.has(key)) continue;
      if (before[at]?.get(key) !== before[mover]?.get(key)) isPassedBy = true;
    }
    if (isPassedBy) passedBy.push(at);
  }
  return passedBy;
}

/** Returns what an order has moved: the fewest known keys without which it is as before. */
function* movedIn(
  order: readonly string[],
  base: readonly string[],
  work: Work,
): Pieces<ReadonlySet<string>> {
  const places = new Map<string, number>();
  for (const [at, key] of base.entries()) {
    if (work.isDue(1 / 2)) yield;
    places.set(key, at);
  }
  const known = order.filter((key) => places.has(key));
  const placeOf = (at: number): number => places.get(known[at] ?? '') ?? -1;
  // Longest rising run of places, by the end of the best run of each length.
  const ends: number[] = [];
  const previous: (number | undefined)[] = [];
  for (let at = 0; at < known.length; at++) {
    if (work.isDue(1)) yield;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (placeOf(ends[middle] ?? -1) < placeOf(at)) low = middle + 1;
      else high = middle;
    }
    previous[at] = ends[low - 1];
    ends[low] = at;
  }
  const moved = new Set(known);
  for (let at = ends.at(-1); at !== undefined; at = previous[at]) moved.delete(known[at] ?? '');
  return moved;
}
