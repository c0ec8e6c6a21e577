/**
 * How long removals and devices are remembered (CF-7): for as long as a device may be silent, since one that was silent
 * for longer asks a person when it comes back. Until then a removal travels with its record, whoever has seen it: a
 * device that has only read is in no vector, and its stale copy would bring back whom somebody removed.
 *
 * @module
 */

import { withPaths } from '../merge/clock/carriedMeta.ts';
import {
  advanceVector,
  countOf,
  DEVICES_MAX,
  devicesWithin,
  joinVectors,
  SERVER,
} from '../merge/clock/hybridClock.ts';
import type { EntityRules } from '../merge/declaration/entityRules.ts';
import { canonical, isList, isObject } from '../merge/values/canonical.ts';
import type { Current, Tombstone, VersionVector } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import type { CardExemption } from './cards.ts';
import type { EntityRecord, HeldTombstone, Removed } from './entityRecord.ts';
import { keysOf, missingFrom, pointersIn, valueAt, withValueAt } from './items.ts';

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

/** So many removals that others tell of are remembered for a record. */
const HELD_MAX = 8_192;

/**
 * Removals that are held, with those that were just heard of.
 *
 * @param heldMax no more are taken in: none that is held gives way, and of an item whose removal is not known a person
 *   is asked. What this store removed itself is taken in always
 */
export function withTombstones(
  held: readonly HeldTombstone[],
  heardOf: readonly Tombstone[],
  since: Pick<HeldTombstone, 'sinceMs' | 'vv' | 'isPresumed'>,
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
 * A version of the record whose removals are named by their pointers, where they came as hashes and this store knows
 * what they are of.
 *
 * @param more pointers of removals that are known beside those that are held
 */
export function withKnownPaths(
  { current, ancestor, tombstones }: EntityRecord,
  version: Current,
  rules: EntityRules,
  more: readonly Tombstone[] = [],
): Current {
  const { meta } = version;
  if (meta?.tombstones === undefined) return version;
  const removed = withPaths(meta.tombstones, () => [
    ...more.map(({ path }) => path),
    ...tombstones.map(({ tombstone: { path } }) => path),
    ...pointersIn(rules, current?.value ?? null),
    ...pointersIn(rules, ancestor?.value ?? null),
    ...pointersIn(rules, version.value),
  ]);
  return removed === meta.tombstones
    ? version
    : { ...version, meta: { ...meta, tombstones: removed } };
}

/**
 * What is gone from a version of which removals are carried no more that this store may not have heard of, since it was
 * silent for so long: removed, as far as anybody knows (CF-7).
 */
export function presumedRemoved(
  { current, isGone, vv }: EntityRecord,
  { value, meta }: Current,
  rules: EntityRules,
): readonly Tombstone[] {
  const { forgotten } = meta ?? {};
  if (forgotten === undefined || current === null || isGone) return [];
  if (hasSeen(vv, forgotten, Object.keys(forgotten))) return [];
  return missingFrom(rules, current.value, value).map((path) => ({ path, confirmed: true }));
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

/**
 * The record without what nobody needs any more. What the version lists that an edit is to replace stays, however old
 * it is by a clock: that clock may be wrong by years, and the removal would be carried by nobody from then on.
 */
export function withoutForgotten(record: EntityRecord, onlooker: Onlooker): EntityRecord {
  const { device, nowMs, silentMaxMs } = onlooker;
  const isSilent = (name: string): boolean => {
    const atMs = record.heard[name];
    return name !== device && atMs !== undefined && nowMs - atMs > silentMaxMs;
  };
  const listed = new Set((record.current?.meta?.tombstones ?? []).map(({ path }) => path));
  const tombstones = record.tombstones.filter(
    ({ tombstone, sinceMs }) => listed.has(tombstone.path) || !isOver(tombstone, sinceMs, onlooker),
  );
  const within = new Set(devicesWithin(record.vv, record.heard, DEVICES_MAX, device));
  const isKept = ([name]: readonly [string, unknown]): boolean =>
    within.has(name) && !isSilent(name);
  return {
    ...record,
    tombstones,
    vv: Object.fromEntries(Object.entries(record.vv).filter(isKept)),
    bodies: Object.fromEntries(Object.entries(record.bodies).filter(isKept)),
    heard: Object.fromEntries(Object.entries(record.heard).filter(isKept)),
  };
}

/**
 * Whether nobody needs a removal any more. It counts from the later of when it was made and when this store heard of
 * it first: a clock that was wrong then may lengthen that, and never shorten it.
 *
 * @param sinceMs when this store came to know of it
 */
function isOver(
  { at }: Tombstone,
  sinceMs: number,
  { nowMs, silentMaxMs }: Pick<Onlooker, 'nowMs' | 'silentMaxMs'>,
): boolean {
  return nowMs - Math.max(at ?? sinceMs, sinceMs) > silentMaxMs;
}

/**
 * When each device of a vector was heard of: now where it has changed something since, or nothing says it. A store that
 * hears of the record first takes what is said.
 */
export function withAllHeard(
  heard: Readonly<Record<string, number>>,
  before: VersionVector,
  after: VersionVector,
  nowMs: number,
): Readonly<Record<string, number>> {
  const isFirst = Object.keys(before).length === 0;
  const news = Object.keys(after).filter(
    (name) =>
      name !== SERVER &&
      (!Object.hasOwn(heard, name) || (!isFirst && countOf(after, name) > countOf(before, name))),
  );
  const instants = { ...heard, ...Object.fromEntries(news.map((name) => [name, nowMs])) };
  return Object.fromEntries(Object.entries(instants).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The vector of a version that this device makes now. */
export function nextVector(device: string, ...seen: readonly VersionVector[]): VersionVector {
  return advanceVector(
    seen.reduce((all, one) => joinVectors(all, one), {}),
    device,
  );
}

function isConfirmed({ tombstone }: HeldTombstone): boolean {
  return tombstone.confirmed === true;
}

function hasSeen(one: VersionVector, other: VersionVector, devices: readonly string[]): boolean {
  return devices.every((name) => countOf(one, name) >= countOf(other, name));
}

/**
 * Removals, each with what was removed, as far as that is known here.
 *
 * @param before removals that were held already: what they hold stays
 * @param records the record as this store knew it before, in the order in which it is believed
 */
export function withRemoved(
  tombstones: readonly HeldTombstone[],
  before: readonly HeldTombstone[],
  records: readonly (Json | null | undefined)[],
): readonly HeldTombstone[] {
  const known = new Map(before.map(({ tombstone: { path }, removed }) => [path, removed]));
  const finders = records.flatMap((record) =>
    record === null || record === undefined ? [] : [finderIn(record)],
  );
  return tombstones.map((held) => {
    const { path } = held.tombstone;
    if (held.removed !== undefined) return held;
    const removed = known.get(path) ?? (known.has(path) ? undefined : foundBy(finders, path));
    return removed === undefined ? held : { ...held, removed };
  });
}

/** The record with what was removed at a path put back; `null` where nothing is kept of it. */
export function withRestored(
  value: Json,
  { tombstones }: Pick<EntityRecord, 'tombstones'>,
  path: string,
): Json | null {
  const removed = tombstones.find(({ tombstone }) => tombstone.path === path)?.removed;
  if (removed === undefined) return null;
  const at = path.lastIndexOf('/');
  const list = path.slice(0, at);
  // The list may have gone with its last item.
  const hasList = !removed.isItem || isList(valueAt(value, list));
  return withValueAt(hasList ? value : withValueAt(value, list, []), path, removed.value);
}

type Finder = (path: string) => Removed | undefined;

function foundBy(finders: readonly Finder[], path: string): Removed | undefined {
  for (const find of finders) {
    const removed = find(path);
    if (removed !== undefined) return removed;
  }
  return undefined;
}

/** Finds by paths in one record. The items of a list are looked through once, however many of them are removed. */
function finderIn(record: Json): Finder {
  const lists = new Map<string, ReadonlyMap<string, Json>>();
  return (path) => {
    const at = path.lastIndexOf('/');
    const above = path.slice(0, at);
    const [key] = keysOf(path.slice(at));
    if (key === undefined) return undefined;
    const parent = valueAt(record, above);
    if (isList(parent)) {
      const items = lists.get(above) ?? itemsOf(parent);
      lists.set(above, items);
      const value = items.get(key);
      return value === undefined ? undefined : { value, isItem: true };
    }
    const value = isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
    return value === undefined ? undefined : { value, isItem: false };
  };
}

/** Items by what names them in a path. */
function itemsOf(list: readonly Json[]): ReadonlyMap<string, Json> {
  const items = new Map<string, Json>();
  const name = (names: readonly (Json | undefined)[], item: Json): void => {
    for (const one of names) {
      const isName = typeof one === 'string' || typeof one === 'number';
      if (isName && !items.has(String(one))) items.set(String(one), item);
    }
  };
  for (const item of list) if (isObject(item)) name([item['id'], item['key']], item);
  for (const item of list) name([canonical(item), `=${canonical(item)}`, item], item);
  // The rules of an app may identify items by a field of its own.
  for (const item of list) if (isObject(item)) name(Object.values(item), item);
  return items;
}
