/**
 * Version vectors: how many changes of each device, and of the server, a state has seen (CF-1). They alone
 * tell what is newer from what is concurrent; clocks never do.
 *
 * @module
 */

import type { VersionVector } from '../../vocabulary/record.ts';

/**
 * A record has so many devices at most: what one of them claims is kept with the record by all others, is compared at
 * each edit and travels with it. Of a larger claim nothing is believed, so that versions alone tell what is newer.
 */
export const DEVICES_MAX = 128;

/** How one state stands to another. */
export type Causality = 'equal' | 'before' | 'after' | 'concurrent';

/** How `one` stands to `other`. */
export function compareVectors(one: VersionVector, other: VersionVector): Causality {
  let isAhead = false;
  let isBehind = false;
  for (const device of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const mine = countOf(one, device);
    const theirs = countOf(other, device);
    if (mine > theirs) isAhead = true;
    if (mine < theirs) isBehind = true;
  }
  if (isAhead && isBehind) return 'concurrent';
  if (isAhead) return 'after';
  return isBehind ? 'before' : 'equal';
}

/** The vector of a state that has seen what both have. */
export function joinVectors(one: VersionVector, other: VersionVector): VersionVector {
  const devices = [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted();
  return Object.fromEntries(
    devices.map((device) => [device, Math.max(countOf(one, device), countOf(other, device))]),
  );
}

/**
 * What is known joined with what was heard, in no more devices than a record can have: further ones count 0, so that
 * what they make counts as concurrent.
 */
export function joinHeardOf(known: VersionVector, heardOf: VersionVector): VersionVector {
  const all = joinVectors(known, heardOf);
  if (Object.keys(all).length <= DEVICES_MAX) return all;
  return Object.fromEntries(Object.entries(all).filter(([device]) => Object.hasOwn(known, device)));
}

/** The vector after one more change of a device. */
export function advanceVector(vector: VersionVector, device: string): VersionVector {
  return joinVectors(vector, { [device]: countOf(vector, device) + 1 });
}

/** A vector from what a device sent; `null` when it sent none. What is no count in it counts 0. */
export function vectorFrom(value: unknown): VersionVector | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const counts = Object.entries(value).filter(([, count]) => isCount(count));
  return Object.fromEntries(counts) as VersionVector;
}

/** How many changes of a device it has seen. */
export function countOf(vector: VersionVector, device: string): number {
  const count: unknown = Object.hasOwn(vector, device) ? vector[device] : 0;
  return isCount(count) ? count : 0;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
