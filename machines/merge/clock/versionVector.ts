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

/** The server's entry in a vector: it is no device. */
export const SERVER = 'srv';

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
 * The devices that a record has room for: of more the longest silent go first, and of those that were heard of at once
 * the ones with the fewest changes. A device that goes counts 0, so that what it makes counts as concurrent.
 *
 * @param keep stays whatever was heard of it
 */
export function devicesWithin(
  vv: VersionVector,
  heard: Readonly<Record<string, number>>,
  max = DEVICES_MAX,
  keep = '',
): readonly string[] {
  const devices = Object.keys(vv);
  if (devices.length <= max) return devices;
  const heardAt = (device: string): number =>
    device === keep || device === SERVER ? Number.POSITIVE_INFINITY : countOf(heard, device);
  const order = (one: string, other: string): number =>
    heardAt(other) - heardAt(one) || countOf(vv, other) - countOf(vv, one);
  return devices
    .toSorted((one, other) => order(one, other) || (one < other ? -1 : 1))
    .slice(0, max);
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
