/**
 * Hybrid logical clocks (Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014): an order of concurrent edits
 * that is close to wall time and never runs backwards on a device (CF-1).
 *
 * @module
 */

import type { HybridStamp } from '../../vocabulary/record.ts';

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
