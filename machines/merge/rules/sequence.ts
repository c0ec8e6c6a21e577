/**
 * One order for a list that devices ordered each for itself. Who is in the list is decided before.
 *
 * @module
 */

import type { Json } from '../../vocabulary/json.ts';
import type { Pieces, Work } from '../../vocabulary/pieces.ts';

/**
 * The items in the first of these orders that knows them; an item that it does not know comes behind the one
 * that it follows in the next order.
 */
export function* inSequence(
  items: ReadonlyMap<string, Json>,
  orders: readonly (readonly string[])[],
  work: Work,
): Pieces<readonly Json[]> {
  const START = '';
  // Keys carry a mark, so that none is the start.
  const next = new Map<string, string | null>([[START, null]]);
  for (const order of [...orders, [...items.keys()]]) {
    let previous = START;
    for (const key of order) {
      if (work.isDue(1 / 2)) yield;
      const place = `=${key}`;
      if (!next.has(place)) {
        next.set(place, next.get(previous) ?? null);
        next.set(previous, place);
      }
      previous = place;
    }
  }
  const sequence: Json[] = [];
  for (let place = next.get(START); typeof place === 'string'; place = next.get(place)) {
    const item = items.get(place.slice(1));
    if (work.isDue(1 / 2)) yield;
    if (item !== undefined) sequence.push(item);
  }
  return sequence;
}
