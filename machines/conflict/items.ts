/**
 * What is in a record, by the pointers that removals name: an item of a list by its identity, which the rules of the
 * entity know.
 *
 * @module
 */

import type { EntityRules } from '../merge/declaration/entityRules.ts';
import { changesInSteps, mergeEntity } from '../merge/mergeEntity.ts';
import type { Change, Origin } from '../merge/rules/change.ts';
import { pointerOf } from '../merge/rules/ruling.ts';
import {
  canonical,
  canonicalInPieces,
  isList,
  isObject,
  isSame,
  stepsWithin,
} from '../merge/values/canonical.ts';
import {
  cleanerInPieces,
  cleanJson,
  isNameTakenAsItIs,
  isTakenAsItIs,
} from '../merge/values/cleanJson.ts';
import type { TakenOut } from '../policy/request/jsonPatch.ts';
import { atOnce, type Pieces, Work } from '../vocabulary/pieces.ts';
import type { Json, JsonObject } from '../vocabulary/shape.ts';
import { searchForCards } from './cards.ts';

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

const NOBODY: Origin = {
  actor: '',
  ms: 0,
  counter: 0,
  givenMs: 0,
  receivedAtMs: null,
  isVerified: false,
  asOfMs: null,
  removals: new Map(),
};

/** Whether two records are the same, as merges take them: whatever the order of their fields. */
export function isSameRecord(one: Json, other: Json): boolean {
  return plainlySame(one, other) ?? isSame(copyOf(one), copyOf(other));
}

/** What is nested deeper is compared by its copies. */
const PLAIN_DEPTH_MAX = 64;
/** Whether two values are the same, as far as that shows without copies of them; `null` where it does not. */
function plainlySame(one: Json | undefined, other: Json | undefined, depth = 0): boolean | null {
  if (one === undefined || other === undefined || depth > PLAIN_DEPTH_MAX) return null;
  if (one === other) return true;
  if (!isContainer(one) && !isContainer(other)) {
    return isTakenAsItIs(one) && isTakenAsItIs(other) ? false : null;
  }
  if (!isContainer(one) || !isContainer(other) || isList(one) !== isList(other)) return false;
  if (isList(one) && isList(other)) {
    const same =
      one.length === other.length &&
      areAll(one, (item, at) => plainlySame(item, other[at], depth + 1));
    // What is left out of a list moves the rest.
    return same !== false || (one.every(isCopied) && other.every(isCopied)) ? same : null;
  }
  const [fields, others] = [one as JsonObject, other as JsonObject];
  const names = Object.keys(fields);
  const same = areAll(names, (name) => {
    const its = Object.hasOwn(others, name)
      ? plainlySame(fields[name], others[name], depth + 1)
      : null;
    return its === true || isNameTakenAsItIs(name) ? its : null;
  });
  return same === true && names.length !== Object.keys(others).length ? null : same;
}

/** Whether a copy of a list has it, too. */
function isCopied(item: Json): boolean {
  return isContainer(item) || typeof item !== 'number' || Number.isFinite(item);
}

/** False where one surely differs, whatever is not known of the others. */
function areAll<Item>(
  items: readonly Item[],
  check: (item: Item, at: number) => boolean | null,
): boolean | null {
  let all: boolean | null = true;
  for (const [at, item] of items.entries()) {
    const one = check(item, at);
    if (one === false) return false;
    if (one === null) all = null;
  }
  return all;
}
/** The pointer of everything that is in a record; empty where rules of the app throw. */
export function pointersIn(rules: EntityRules, value: Json | null): ReadonlySet<string> {
  const pointers = new Set<string>();
  for (const { path, kind, value: own } of noted(rules, null, value)) {
    // What was taken out is not there.
    if (kind === 'set' && own === null) continue;
    for (let length = 1; length <= path.length; length += 1) {
      const pointer = pointerOf(path.slice(0, length));
      pointers.add(pointer);
      // An entry that is a text is named by itself as well.
      const text = textOfEntry(path[length - 1] ?? '');
      if (text !== null) pointers.add(pointerOf([...path.slice(0, length - 1), text]));
    }
  }
  return pointers;
}

function textOfEntry(key: string): string | null {
  if (!key.startsWith('"')) return null;
  try {
    const text: unknown = JSON.parse(key);
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

/** The pointers of items that are in one record and not in the other. */
export function missingFrom(rules: EntityRules, before: Json, after: Json): readonly string[] {
  return noted(rules, before, after).flatMap(({ kind, path }) =>
    kind === 'missing' ? [pointerOf(path)] : [],
  );
}

/** By the rules of an entity: what is taken out of its record, and whether only a person's word takes it out. */
export function takenOutBy(rules: EntityRules): TakenOut {
  return (before, after) => {
    const left = pointersIn(rules, after);
    const gone = [...pointersIn(rules, before)].filter((path) => !left.has(path));
    const all = new Set(gone);
    const paths = gone.filter((path) => {
      const place = path.slice(0, path.lastIndexOf('/'));
      const text = textOfEntry(keysOf(path).at(-1) ?? '');
      // What is in something that is gone is gone with it; and an entry has one name.
      return !all.has(place) && (text === null || !all.has(`${place}${pointerOf([text])}`));
    });
    return { paths, needsBy: paths.length > 0 && isKept(rules, before, after, paths) };
  };
}

/** Whether it stays in the record though somebody has removed it, whom nobody has asked. */
function isKept(rules: EntityRules, before: Json, after: Json, paths: readonly string[]): boolean {
  const meta = { actor: '', hlc: { ms: 0, c: 0 }, tombstones: paths.map((path) => ({ path })) };
  try {
    const { value } = mergeEntity(rules, before, [{ value: after, meta }], 0);
    const there = pointersIn(rules, value);
    return paths.some((path) => there.has(path));
  } catch {
    // Rules of the app that throw are met when it is merged.
    return false;
  }
}

/** Whether all that one record changed of a base is changed so in the other, too. */
export function holdsChanges(rules: EntityRules, base: Json, one: Json, other: Json): boolean {
  const held = new Set(noted(rules, base, other).map(({ what }) => what));
  // New items change the order as well, each time they come.
  return noted(rules, base, one).every(({ kind, what }) => kind === 'order' || held.has(what));
}

/** What was found out of large records, for as long as they are there: the same is asked again and again. */
const copies = new WeakMap<object, Json>();
const differences = new WeakMap<object, Difference[]>();

interface Difference {
  readonly rules: EntityRules;
  readonly base: Json | null;
  readonly changes: readonly Change[];
}

/** A smaller record is looked through at once. */
const LARGE_STEPS = 2_048;

/**
 * Looks through records in pieces, and through what each changed of the first, and of nothing; after that the functions
 * of this module have it at once.
 */
export function* lookThrough(
  rules: EntityRules,
  [first = null, ...others]: readonly (Json | null)[],
): Pieces<void> {
  const large = [first, ...others].filter(isContainer).filter(isLarge);
  if (large.length === 0) return;
  const work = new Work();
  for (const value of large) {
    yield* searchForCards(value, work);
    if (!copies.has(value)) {
      const { value: copy = null } = yield* cleanerInPieces(() => false, work)(value);
      yield* canonicalInPieces(copy, work);
      copies.set(value, copy);
    }
  }
  for (const value of others) {
    for (const base of [first, null]) yield* difference(rules, base, value, work);
  }
}

function isLarge(value: Json): boolean {
  return stepsWithin(value, LARGE_STEPS) >= LARGE_STEPS;
}

function isContainer(value: Json | null): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null;
}

function copyOf(value: Json): Json | undefined {
  return (isContainer(value) ? copies.get(value) : undefined) ?? cleanJson(value);
}

function noted(rules: EntityRules, base: Json | null, value: Json | null): readonly Change[] {
  return atOnce(difference(rules, base, value, new Work()));
}

function* difference(
  rules: EntityRules,
  base: Json | null,
  value: Json | null,
  work: Work,
): Pieces<readonly Change[]> {
  const all = isContainer(value) ? differences.get(value) : undefined;
  const found = all?.find((one) => one.rules === rules && one.base === base);
  if (found !== undefined) return found.changes;
  const clean = cleanerInPieces((name) => rules.leavesOut.has(name), work);
  try {
    const { value: before } = yield* clean(base);
    const { value: after } = yield* clean(value);
    if (after === null || after === undefined) return [];
    const side = { value: after, origin: NOBODY };
    const known = before === null ? undefined : before;
    const changes = yield* changesInSteps(rules, known, side, work);
    if (isContainer(value) && isLarge(value)) {
      differences.set(value, [...(differences.get(value) ?? []), { rules, base, changes }]);
    }
    return changes;
  } catch {
    return [];
  }
}
