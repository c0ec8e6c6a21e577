/**
 * Who made a version of a record, and when its devices were heard of (CF-1).
 *
 * @module
 */

import { withPaths } from '../merge/clock/carriedMeta.ts';
import { clampedMs, compareStamps, countOf } from '../merge/clock/hybridClock.ts';
import { fieldsOf, stampFrom } from '../merge/clock/recordMeta.ts';
import type { Maker, RecordMeta, Tombstone } from '../vocabulary/record.ts';

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

/** The last body that is known of each device. Of two under one count nobody knows which it is: it counts as not known. */
export function joinBodies(
  one: Pick<RecordMeta, 'vv' | 'bodies'>,
  other: Pick<RecordMeta, 'vv' | 'bodies'>,
): Readonly<Record<string, string>> {
  const devices = [...new Set([...Object.keys(one.vv), ...Object.keys(other.vv)])].toSorted();
  const known = devices.flatMap((device): readonly (readonly [string, string])[] => {
    const order = countOf(one.vv, device) - countOf(other.vv, device);
    const mine = order < 0 ? undefined : bodyOf(one, device);
    const theirs = order > 0 ? undefined : bodyOf(other, device);
    const isOne = mine === undefined || theirs === undefined || mine === theirs;
    const body = isOne ? (mine ?? theirs) : undefined;
    return body === undefined ? [] : [[device, body]];
  });
  return Object.fromEntries(known);
}

/** The random part of the last body of a device; `undefined` where that is not known. */
export function bodyOf({ bodies = {} }: Pick<RecordMeta, 'bodies'>, device: string) {
  return Object.hasOwn(bodies, device) ? bodies[device] : undefined;
}

/** Whether all of these removals are among those of a version, by pointer or by hash. */
export function listsAll({ tombstones = [] }: RecordMeta, removals: readonly Tombstone[]): boolean {
  const paths = (all: readonly Tombstone[]): readonly string[] => all.map(({ path }) => path);
  const listed = new Set(paths(withPaths(tombstones, () => paths(removals))));
  return withPaths(removals, () => paths(tombstones)).every(({ path }) => listed.has(path));
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
