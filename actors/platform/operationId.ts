/**
 * Ids of operations: version-7 UUIDs, which sort by time.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Random } from '../../machines/vocabulary/random.ts';

/**
 * A version-7 UUID (RFC 9562 §5.7): the time in milliseconds, then 74 random bits. Unlike a random
 * one it is inserted at the end of the store's index, which saves a page write an operation; the
 * time it shows is in the clear on the row anyway.
 */
export function operationId(clock: Clock, random: Random): string {
  const time = clock.now().toString(16).padStart(12, '0');
  const rest = random.uuid();
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${rest.slice(15)}`;
}

/** When an id was made, in milliseconds since the epoch. */
export function madeAtMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const MADE_AT_MAX = 2 ** 48 - 1;

/** The first id that can be made at an instant. */
export function firstIdAt(atMs: number): string {
  const time = Math.max(0, Math.min(MADE_AT_MAX, Math.floor(atMs)))
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
