/**
 * Looks into a record by the path of a question, and puts there what a person has chosen.
 *
 * @module
 */

import { canonical, isList, isObject } from '../merge/values/canonical.ts';
import type { Json, JsonObject } from '../vocabulary/json.ts';

/** What stands at a path; `undefined` for nothing. An item of a list is named by its identity. */
export function valueAt(record: Json, path: string): Json | undefined {
  let value: Json | undefined = record;
  for (const key of keysOf(path)) {
    if (isList(value)) value = value[placeOf(value, key)];
    else value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

/**
 * The record with another value at a path. `null` takes an item out of a list, and a list that does not have the
 * item gets it as its last. A path that leads nowhere is made on the way, of objects.
 */
export function withValueAt(record: Json, path: string, value: Json): Json {
  return put(record, keysOf(path), value) ?? null;
}

function put(into: Json | undefined, keys: readonly string[], value: Json): Json | undefined {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (isList(into)) {
    const at = placeOf(into, key);
    const item = rest.length === 0 && value === null ? undefined : put(into[at], rest, value);
    if (at === -1) return item === undefined ? into : [...into, item];
    return into.flatMap((one, place) => (place === at ? (item ?? []) : [one]));
  }
  const before: JsonObject = isObject(into) ? into : {};
  const after = put(Object.hasOwn(before, key) ? before[key] : undefined, rest, value);
  return inOrder([...Object.entries(before).filter(([name]) => name !== key), [key, after]]);
}

/** Fields as merges keep them, so that a record has one text. */
function inOrder(fields: readonly (readonly [string, Json | undefined])[]): JsonObject {
  const known = fields.flatMap(([name, value]) =>
    value === undefined ? [] : ([[name, value]] as const),
  );
  return Object.fromEntries(known.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** The keys of a path, from the top. */
export function keysOf(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Fields that identify an item, before any other. */
const IDENTITIES = ['id', 'key'] as const;

/** Where in the list the item of this identity is; -1 for nowhere. */
function placeOf(items: readonly Json[], key: string): number {
  for (const field of IDENTITIES) {
    const at = items.findIndex((item) => isObject(item) && isNamed(item[field], key));
    if (at !== -1) return at;
  }
  const byContent = items.findIndex((item) =>
    [canonical(item), `=${canonical(item)}`].includes(key),
  );
  if (byContent !== -1) return byContent;
  // The rules of an app may identify items by a field of its own.
  return items.findIndex(
    (item) => isObject(item) && Object.values(item).some((value) => isNamed(value, key)),
  );
}

function isNamed(value: Json | undefined, key: string): boolean {
  return (typeof value === 'string' || typeof value === 'number') && String(value) === key;
}
