/**
 * Who made a version of a record, and when its devices were heard of (CF-1).
 *
 * @module
 */

import { clampedMs, compareStamps } from '../merge/clock/hybridClock.ts';
import { fieldsOf, stampFrom } from '../merge/clock/recordMeta.ts';
import type { Maker } from '../vocabulary/record.ts';

/** `null` for what says nothing of the kind. */
export function makerFrom(value: unknown): Maker | null {
  const { actor, hlc } = fieldsOf(value) ?? {};
  const stamp = stampFrom(hlc);
  return stamp === null || typeof actor !== 'string' ? null : { actor, hlc: stamp };
}

/** The one who made it later. */
export function laterMaker(one: Maker | null, other: Maker | null): Maker | null {
  if (one === null || other === null) return one ?? other;
  const order = compareStamps(one.hlc, other.hlc);
  return order > 0 || (order === 0 && one.actor >= other.actor) ? one : other;
}

/** When devices were heard of, the latest that is known; what is ahead of the present counts as now. */
export function joinHeard(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
  nowMs: number,
): Readonly<Record<string, number>> {
  const joined = new Map(Object.entries(one));
  for (const [device, atMs] of Object.entries(other)) {
    joined.set(device, Math.max(joined.get(device) ?? atMs, atMs));
  }
  const instants = [...joined].map(([device, atMs]) => [device, clampedMs(atMs, nowMs)] as const);
  return Object.fromEntries(instants.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
