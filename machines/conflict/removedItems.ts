/**
 * What was removed from a record: kept, sealed with the record, for as long as its removal is remembered, so that it can
 * be looked at and put back (CF-5).
 *
 * @module
 */

import { canonical, isList, isObject } from '../merge/values/canonical.ts';
import type { Json } from '../vocabulary/json.ts';
import type { EntityRecord, HeldTombstone, Removed } from './entityRecord.ts';
import { keysOf, valueAt, withValueAt } from './valueAt.ts';

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
