/**
 * Hybrid logical clocks (Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014): an order of concurrent edits
 * that is close to wall time and never runs backwards on a device (CF-1).
 *
 * @module
 */

import type { HybridStamp, VersionVector } from '../../vocabulary/record.ts';

/** Limit on how far ahead of the server's receipt, or of this device, a stamp may be before it is clamped. */
export const CLOCK_DRIFT_MAX_MS = 5 * 60_000;
const COUNTER_MAX = 65_535;

/** Returns the stamp of the next edit on this device: later than the last, even if the wall clock went back. */
export function nextStamp(last: HybridStamp, wallMs: number): HybridStamp {
  if (wallMs > last.ms) return { ms: wallMs, c: 0 };
  return last.c < COUNTER_MAX ? { ms: last.ms, c: last.c + 1 } : { ms: last.ms + 1, c: 0 };
}

/**
 * Returns this device's clock after it has seen a stamp of another: later than both, except that a stamp more than
 * {@link CLOCK_DRIFT_MAX_MS} ahead does not pull it along.
 */
export function stampAfter(last: HybridStamp, seen: HybridStamp, wallMs: number): HybridStamp {
  const isSound = seen.ms <= wallMs + CLOCK_DRIFT_MAX_MS;
  const isLater = isSound && compareStamps(seen, last) > 0;
  return nextStamp(isLater ? seen : last, wallMs);
}

/** Compares two stamps. */
export function compareStamps(one: HybridStamp, other: HybridStamp): number {
  return one.ms === other.ms ? one.c - other.c : one.ms - other.ms;
}

/**
 * Returns the effective time of a stamp: its own, or the server's receipt if it is more than {@link
 * CLOCK_DRIFT_MAX_MS} ahead of that. Nothing is ever refused for its clock.
 */
export function clampedMs(stampMs: number, receivedAtMs: number): number {
  return stampMs > receivedAtMs + CLOCK_DRIFT_MAX_MS ? receivedAtMs : stampMs;
}

/**
 * Limit on devices of a record: what one of them claims is kept with the record by all others, compared at each edit,
 * and travels with it. A larger claim is ignored as a whole, so that versions alone decide what is newer.
 */
export const DEVICES_MAX = 128;

/** Entry of the server in a vector, which is no device. */
export const SERVER = 'srv';

/** Relation of one state to another. */
type Causality = 'equal' | 'before' | 'after' | 'concurrent';

/** Returns the relation of `one` to `other`. */
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

/** Returns the vector of a state that has seen what both have. */
export function joinVectors(one: VersionVector, other: VersionVector): VersionVector {
  const devices = [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted();
  return Object.fromEntries(
    devices.map((device) => [device, Math.max(countOf(one, device), countOf(other, device))]),
  );
}

/**
 * Returns the devices that a record has room for: those silent for longest go first, and among those last seen at
 * once those with the fewest changes. A device that goes counts 0, so that its changes count as concurrent.
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

/** Returns the vector after one more change of a device. */
export function advanceVector(vector: VersionVector, device: string): VersionVector {
  return joinVectors(vector, { [device]: countOf(vector, device) + 1 });
}

/** Reads a vector that a device sent; `null` for none. Malformed counts are 0. */
export function vectorFrom(value: unknown): VersionVector | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const counts = Object.entries(value).filter(([, count]) => isCount(count));
  return Object.fromEntries(counts) as VersionVector;
}

/** Returns the number of changes of a device that it has seen. */
export function countOf(vector: VersionVector, device: string): number {
  const count: unknown = Object.hasOwn(vector, device) ? vector[device] : 0;
  return isCount(count) ? count : 0;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
