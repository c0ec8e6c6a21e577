/**
 * Metadata of a record, as it travels beside it at an upstream: short, and without a word of its content (CF-7). If
 * it would take more than 8 KiB, reasons are left out, then long ids become hashes, then author and time of removals
 * go: the stores that removed know them.
 *
 * @module
 */

import type { CarriedMeta, RecordMeta, Tombstone } from '../../vocabulary/record.ts';
import { type Json, utf8Length } from '../../vocabulary/shape.ts';
import { sha256 } from '../values/sha256.ts';

/** Limit of the full form, in bytes. */
export const META_BYTES_FULL = 8_192;
/** Limit in bytes of what travels beside a record, whatever its handler allows. */
export const META_BYTES_MAX = 65_536;

/** Name of an item or field that is no content of the record. */
const NAME = /^[\w.:@-]{1,64}$/;
/** Length of a hash of 128 bits. Longer names become hashes when room gets tight. */
const HASH_LENGTH = 22;
/** Prefix of a hash, of an item or of something deeper. No pointer has such a part. */
const NO_HASH = 'x'.repeat(HASH_LENGTH);
const OF_ITEM = '/~#';
const OF_DEEPER = '/~##';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Forms of a removal, from full to its path alone. */
const TIGHTNESS = [
  { hasReason: true, hasWho: true, isHashed: false },
  { hasReason: false, hasWho: true, isHashed: false },
  { hasReason: false, hasWho: true, isHashed: true },
  { hasReason: false, hasWho: false, isHashed: true },
] as const;
type Tightness = (typeof TIGHTNESS)[number];
const TIGHTEST: Tightness = TIGHTNESS[3];
/** Bytes of the shortest removal, `"a",`. */
const REMOVAL_BYTES_MIN = 4;
/** Bytes of a parent with its brackets and commas, and of the two objects that hold parents. */
const PARENT_BYTES = 32;

/**
 * Encodes the metadata: in the fullest form that takes at most 8 KiB, or the shortest.
 *
 * @param bytesMax where no more may travel than less than that
 */
export function encodeMeta(meta: RecordMeta, bytesMax = META_BYTES_FULL): CarriedMeta {
  const fullMax = Math.min(bytesMax, META_BYTES_FULL);
  // This many exceed the limit, whatever is left out of each.
  const isAnyFull = (meta.tombstones ?? []).length * REMOVAL_BYTES_MIN <= fullMax;
  for (const tightness of isAnyFull ? TIGHTNESS : []) {
    const written = encoded(meta, tightness, hashOf);
    if (utf8Length(JSON.stringify(written)) <= fullMax) return written;
  }
  return encoded(meta, TIGHTEST, hashOf);
}

/** Returns the size of its shortest form in bytes. */
export function leastBytesOf(meta: RecordMeta): number {
  return utf8Length(JSON.stringify(encoded(meta, TIGHTEST, () => NO_HASH)));
}

/**
 * Returns the bytes that a removal adds to the shortest form.
 *
 * @param parents of those before it, to which its own is added: it is written once
 */
export function leastBytesOfRemoval({ path, confirmed }: Tombstone, parents: Set<string>): number {
  const written = pathToWrite(path, true, () => NO_HASH);
  const parent = written.slice(0, written.lastIndexOf('/'));
  const key = `${parent} ${confirmed === true}`;
  const isNew = !parents.has(key);
  parents.add(key);
  const bytes = utf8Length(JSON.stringify(written.slice(parent.length + 1))) + 1;
  return isNew ? bytes + utf8Length(JSON.stringify(parent)) + PARENT_BYTES : bytes;
}

function encoded(
  meta: RecordMeta,
  tightness: Tightness,
  hash: (path: string) => string,
): CarriedMeta {
  const { actor, hlc, tombstones = [], asks, rules } = meta;
  const who: string[] = [];
  const confirmed = tombstones.filter((one) => one.confirmed === true);
  const others = tombstones.filter((one) => one.confirmed !== true);
  const removed = removalsByParent(confirmed, tightness, hash, who);
  const missing = removalsByParent(others, tightness, hash, who);
  return {
    of: actor,
    at: hlc.c === 0 ? digitsOf(hlc.ms) : `${digitsOf(hlc.ms)}.${digitsOf(hlc.c)}`,
    seen: seenBy(meta),
    ...(confirmed.length === 0 ? {} : { removed }),
    ...(others.length === 0 ? {} : { missing }),
    ...(who.length === 0 ? {} : { who }),
    ...(asks === undefined ? {} : { asks: asks as unknown as Json }),
    ...(rules === undefined ? {} : { rules }),
  };
}

/** Encodes each device, separated by dots: its count, time, last body, and how far it is forgotten. */
function seenBy({ vv, heard = {}, bodies = {}, forgotten = {} }: RecordMeta): CarriedMeta {
  const names = [...new Set([vv, heard, forgotten].flatMap((one) => Object.keys(one)))].toSorted();
  const entries = names.map((name) => {
    const parts = [
      digitsOf(own(vv, name) ?? 0),
      digitsOf(own(heard, name)),
      own(bodies, name) ?? '',
      digitsOf(own(forgotten, name)),
    ];
    return [name, parts.join('.').replace(/\.+$/, '')] as const;
  });
  return Object.fromEntries(entries);
}

function removalsByParent(
  tombstones: readonly Tombstone[],
  { hasReason, hasWho, isHashed }: Tightness,
  hash: (path: string) => string,
  who: string[],
): CarriedMeta {
  const byParent = new Map<string, Json[]>();
  for (const { path, by, at, reason } of tombstones) {
    const written = pathToWrite(path, isHashed, hash);
    const parent = written.slice(0, written.lastIndexOf('/'));
    const name = written.slice(parent.length + 1);
    const told: Json[] = [name];
    if (hasWho) told.push(digitsOf(at), by === undefined ? 0 : placeIn(who, by));
    if (hasReason && reason !== undefined) told.push(reason);
    while (told.length > 1 && (told.at(-1) === 0 || told.at(-1) === '')) told.pop();
    const items = byParent.get(parent) ?? [];
    items.push(told.length === 1 ? name : told);
    byParent.set(parent, items);
  }
  return Object.fromEntries(byParent);
}

/** Returns a place from 1, adding the name if it is new. */
function placeIn(who: string[], by: string): number {
  const index = who.indexOf(by);
  return index === -1 ? who.push(by) : index + 1;
}

/** Returns the path without parts that could be content of the record, shortened if wanted. */
function pathToWrite(path: string, isHashed: boolean, hash: (path: string) => string): string {
  if (path.includes(OF_ITEM)) return path;
  const parts = path.split('/');
  const words = parts.findIndex((part, at) => at > 0 && !NAME.test(part));
  const isLong = isHashed && (parts.at(-1) ?? '').length > HASH_LENGTH + 2;
  if (words === -1 && !isLong) return path;
  const kept = words === -1 ? parts.length - 1 : words;
  const mark = kept === parts.length - 1 ? OF_ITEM : OF_DEEPER;
  return `${parts.slice(0, kept).join('/')}${mark}${hash(path)}`;
}

/** Returns 128 bits of SHA-256 in base64url. */
function hashOf(path: string): string {
  const digits = sha256(path);
  let hash = '';
  for (let at = 0; at < HASH_LENGTH; at += 1) {
    const bit = at * 6;
    const from = Math.floor(bit / 4);
    const window = Number.parseInt(digits.slice(from, from + 3), 16);
    hash += BASE64[(window >> (6 - (bit % 4))) & 63] ?? '';
  }
  return hash;
}

/** Replaces hashes among removals by the known pointers that they are of; without hashes, returns the same list. */
export function withPaths(
  tombstones: readonly Tombstone[],
  known: () => Iterable<string>,
): readonly Tombstone[] {
  const parents = new Set<string>();
  let isAnyDeeper = false;
  for (const { path } of tombstones) {
    const at = path.indexOf(OF_ITEM);
    if (at === -1) continue;
    parents.add(path.slice(0, at));
    isAnyDeeper ||= path.startsWith(OF_DEEPER, at);
  }
  if (parents.size === 0) return tombstones;
  const byHash = new Map<string, string>();
  for (const path of known()) {
    if (path.includes(OF_ITEM)) continue;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parents.has(parent)) byHash.set(`${parent}${OF_ITEM}${hashOf(path)}`, path);
    if (!isAnyDeeper) continue;
    for (const above of parents) {
      if (path.startsWith(`${above}/`)) byHash.set(`${above}${OF_DEEPER}${hashOf(path)}`, path);
    }
  }
  return tombstones.map((one) => {
    const path = byHash.get(one.path);
    return path === undefined ? one : { ...one, path };
  });
}

/** Decodes to the shape of {@link RecordMeta}, not checked yet; `null` if it is something else. */
export function decodeMeta(
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | null {
  const { of, at, seen, removed, missing, who, asks, rules } = fields;
  if (!isFields(seen) || typeof at !== 'string') return null;
  const [ms, c = '0'] = at.split('.');
  const vv: [string, number][] = [];
  const heard: [string, number][] = [];
  const bodies: [string, string][] = [];
  const forgotten: [string, number][] = [];
  for (const [name, said] of Object.entries(seen)) {
    if (typeof said !== 'string') continue;
    const [count, heardAt, body, gone] = said.split('.');
    if (numberOf(count) > 0) vv.push([name, numberOf(count)]);
    if (heardAt !== undefined && heardAt !== '') heard.push([name, numberOf(heardAt)]);
    if (body !== undefined && body !== '') bodies.push([name, body]);
    if (gone !== undefined && gone !== '') forgotten.push([name, numberOf(gone)]);
  }
  const people: readonly unknown[] = Array.isArray(who) ? who : [];
  const tombstones = [...readRemovals(removed, people, true), ...readRemovals(missing, people)];
  return {
    vv: Object.fromEntries(vv),
    actor: of,
    hlc: { ms: numberOf(ms), c: numberOf(c) },
    ...(isFields(removed) || isFields(missing) ? { tombstones } : {}),
    ...(heard.length === 0 ? {} : { heard: Object.fromEntries(heard) }),
    ...(bodies.length === 0 ? {} : { bodies: Object.fromEntries(bodies) }),
    ...(forgotten.length === 0 ? {} : { forgotten: Object.fromEntries(forgotten) }),
    asks,
    rules,
  };
}

function readRemovals(given: unknown, people: readonly unknown[], confirmed?: true): unknown[] {
  if (!isFields(given)) return [];
  return Object.entries(given).flatMap(([parent, items]) =>
    (Array.isArray(items) ? items : []).map((item: unknown) => {
      const told: readonly unknown[] = Array.isArray(item) ? item : [item];
      const [name, at, by, reason] = told;
      return {
        path: `${parent}/${String(name)}`,
        ...(confirmed === undefined ? {} : { confirmed }),
        ...(typeof by === 'number' && by > 0 ? { by: people[by - 1] } : {}),
        ...(typeof at === 'string' && at !== '' ? { at: numberOf(at) } : {}),
        ...(reason === undefined ? {} : { reason }),
      };
    }),
  );
}

function digitsOf(value: number | undefined): string {
  return value === undefined ? '' : value.toString(36);
}

/** Parses a number; `NaN` for none. */
function numberOf(digits: string | undefined): number {
  return /^[0-9a-z]{1,11}$/.test(digits ?? '') ? Number.parseInt(digits ?? '', 36) : Number.NaN;
}

function own<Value>(all: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
