/**
 * How long removals and devices are remembered (CF-7). A removal travels with its record until every device that was
 * heard of has written after it, and so has seen it; a store remembers it for as long as a device may be silent, since
 * one that was silent for longer asks a person when it comes back. It goes by what each has seen; clocks only say who
 * is silent.
 *
 * @module
 */

import { advanceVector, joinHeardOf } from '../merge/clock/versionVector.ts';
import type { EntityRules } from '../merge/declaration/entityRules.ts';
import type { Tombstone, VersionVector } from '../vocabulary/record.ts';
import type { CardExemption } from './cards.ts';
import type { EntityRecord, HeldTombstone } from './entityRecord.ts';
import { pointersIn } from './items.ts';

/** What a store knows by when it looks at a record. */
export interface Onlooker {
  /** The name of this store in vectors. */
  readonly device: string;
  readonly rules: EntityRules;
  /** The present, by the wall clock. */
  readonly nowMs: number;
  /** For how long a device may be silent and still merge by itself. */
  readonly silentMaxMs: number;
  /** What its handler exempts from the rule that no card data is kept. Left out: nothing. */
  readonly isExempt?: CardExemption | undefined;
}

/** The server's entry in a vector: it is no device that could bring an item back. */
const SERVER = 'srv';

/** So many removals that others tell of are remembered for a record. */
const HELD_MAX = 1_024;

/**
 * Removals that are held, with those that were just heard of.
 *
 * @param heldMax no more are taken in: none that is held gives way, and of an item whose removal is not known a person
 *   is asked. What this store removed itself is taken in always
 */
export function withTombstones(
  held: readonly HeldTombstone[],
  heardOf: readonly Tombstone[],
  since: { readonly sinceMs: number; readonly vv: VersionVector },
  heldMax = HELD_MAX,
): readonly HeldTombstone[] {
  const byPath = new Map(held.map((one) => [one.tombstone.path, one]));
  for (const tombstone of heardOf) {
    const known = byPath.get(tombstone.path);
    // A confirmed one counts for more than one that is not.
    const isNews =
      known === undefined
        ? byPath.size < heldMax
        : !isConfirmed(known) && tombstone.confirmed === true;
    if (isNews) byPath.set(tombstone.path, { tombstone, ...since });
  }
  return [...byPath.values()].toSorted((one, other) =>
    one.tombstone.path < other.tombstone.path ? -1 : 1,
  );
}

/**
 * The record without the removals that somebody has taken back: the upstream's version was made by one who knew of the
 * removal, has the item again, and lists the removal no more.
 */
export function withoutTakenBack(record: EntityRecord, rules: EntityRules): EntityRecord {
  const { current, tombstones } = record;
  const meta = current?.meta;
  if (current === null || meta === undefined || tombstones.length === 0) return record;
  const listed = new Set((meta.tombstones ?? []).map(({ path }) => path));
  const there = pointersIn(rules, current.value);
  const kept = tombstones.filter(
    ({ tombstone: { path }, vv }) =>
      listed.has(path) || !there.has(path) || !hasSeen(meta.vv, vv, Object.keys(vv)),
  );
  return kept.length === tombstones.length ? record : { ...record, tombstones: kept };
}

/** The record without what nobody needs any more. */
export function withoutForgotten(record: EntityRecord, onlooker: Onlooker): EntityRecord {
  const { device, rules, nowMs, silentMaxMs } = onlooker;
  const isSilent = (name: string): boolean => {
    const atMs = record.heard[name];
    return name !== device && atMs !== undefined && nowMs - atMs > silentMaxMs;
  };
  const devices = new Set([...Object.keys(record.vv), ...Object.keys(record.heard)]);
  const others = [...devices].filter((name) => name !== device && name !== SERVER);
  const awaited = others.filter((name) => !isSilent(name));
  const own = record.tombstones.length === 0 ? new Set() : pointersIn(rules, ancestorOf(record));
  const isSeen = ({ tombstone, vv }: HeldTombstone): boolean =>
    awaited.length > 0 &&
    // The app has it still, and may edit it: what it gives next is compared with that.
    !own.has(tombstone.path) &&
    awaited.every((name) => hasWrittenAfter(record.vv, vv, name));
  const tombstones = record.tombstones
    .filter(({ sinceMs }) => nowMs - sinceMs <= silentMaxMs)
    .map((held) =>
      held.isSeen !== true && isSeen(held) ? { ...held, isSeen: true as const } : held,
    );
  const isKept = ([name]: readonly [string, number]): boolean => !isSilent(name);
  return {
    ...record,
    tombstones,
    vv: Object.fromEntries(Object.entries(record.vv).filter(isKept)),
    heard: Object.fromEntries(Object.entries(record.heard).filter(isKept)),
  };
}

/** When each device of a vector was heard of; of one that nothing says it of, now. */
export function withAllHeard(
  heard: Readonly<Record<string, number>>,
  before: VersionVector,
  after: VersionVector,
  nowMs: number,
): Readonly<Record<string, number>> {
  const news = Object.keys(after).filter(
    (name) =>
      name !== SERVER &&
      (!Object.hasOwn(heard, name) || countOf(after, name) > countOf(before, name)),
  );
  const instants = { ...heard, ...Object.fromEntries(news.map((name) => [name, nowMs])) };
  return Object.fromEntries(Object.entries(instants).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The vector of a version that this device makes now. */
export function nextVector(device: string, ...seen: readonly VersionVector[]): VersionVector {
  return advanceVector(
    seen.reduce((all, one) => joinHeardOf(all, one), {}),
    device,
  );
}

function ancestorOf({ ancestor }: EntityRecord) {
  return ancestor?.value ?? null;
}

function isConfirmed({ tombstone }: HeldTombstone): boolean {
  return tombstone.confirmed === true;
}

function hasSeen(one: VersionVector, other: VersionVector, devices: readonly string[]): boolean {
  return devices.every((name) => countOf(one, name) >= countOf(other, name));
}

function hasWrittenAfter(seen: VersionVector, mark: VersionVector, device: string): boolean {
  return countOf(seen, device) > countOf(mark, device);
}

function countOf(vector: VersionVector, device: string): number {
  return Object.hasOwn(vector, device) ? (vector[device] ?? 0) : 0;
}
