/**
 * Metadata of a record from another store, read from an upstream or a disk.
 *
 * @module
 */

import type {
  CarriedQuestion,
  HybridStamp,
  RecordMeta,
  Tombstone,
  VersionVector,
} from '../../vocabulary/record.ts';
import { decodeMeta } from './carriedMeta.ts';
import { DEVICES_MAX, vectorFrom } from './hybridClock.ts';

/**
 * Limit on a count: no device makes as many changes, and one more than the greatest whole number could not be
 * counted.
 */
const COUNT_MAX = 2 ** 48;
/** Limit on removals taken from elsewhere. An item of any further one stays, and a person is asked. */
const REMOVALS_MAX = 4_096;
/** Limit on the name of a device, of a person who removed something, and of their reason, in UTF-16 code units. */
const NAME_LENGTH_MAX = 256;
/** Limit on open questions of a record, and on paths of one, taken from elsewhere. */
const QUESTIONS_MAX = 64;
/** Random part of a body: too short to be taken for the number of a card. */
const BODY = /^[\w-]{1,13}$/;
const PATH_LENGTH_MAX = 1_024;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the metadata of a record from an unknown value, as it travels or is stored; `null` if it does not say who
 * made the record, when, and what it has seen. Other malformed parts are left out.
 */
export function recordMetaFrom(value: unknown): RecordMeta | null {
  const fields = fieldsOf(value) ?? {};
  const { vv, actor, hlc, tombstones, heard, bodies, forgotten, asks, rules } =
    decodeMeta(fields) ?? fields;
  const vector = countedFrom(vv);
  const stamp = stampFrom(hlc);
  if (vector === null || stamp === null || typeof actor !== 'string' || !isName(actor)) return null;
  const removed = tombstonesFrom(tombstones);
  const heardAt = instantsFrom(heard);
  const made = bodiesFrom(bodies);
  const gone = countedFrom(forgotten);
  const asked = questionsFrom(asks);
  return {
    ...{ vv: vector, actor, hlc: stamp },
    ...(removed === null ? {} : { tombstones: removed }),
    ...(heardAt === null ? {} : { heard: heardAt }),
    ...(made === null ? {} : { bodies: made }),
    ...(gone === null ? {} : { forgotten: gone }),
    ...(asked.length === 0 ? {} : { asks: asked }),
    ...(isInstant(rules) && rules > 0 ? { rules } : {}),
  };
}

/** Reads a vector whose counts all have a next one; `null` for none, and for one of too many devices. */
function countedFrom(value: unknown): VersionVector | null {
  const vector = vectorFrom(value);
  const counts = Object.entries(vector ?? {}).filter(([name]) => isName(name));
  if (vector === null || counts.length > DEVICES_MAX) return null;
  // A missing count would make its device's next version look older than this one.
  return Object.fromEntries(counts.map(([name, count]) => [name, Math.min(count, COUNT_MAX)]));
}

/** Reads a stamp; `null` for none. */
export function stampFrom(value: unknown): HybridStamp | null {
  const { ms, c } = fieldsOf(value) ?? {};
  return isInstant(ms) && isInstant(c) ? { ms, c } : null;
}

/** Reads removals, without malformed ones and those past the limit; `null` for no list. */
export function tombstonesFrom(value: unknown): readonly Tombstone[] | null {
  if (!Array.isArray(value)) return null;
  return value.flatMap(tombstoneFrom).slice(0, REMOVALS_MAX);
}

function tombstoneFrom(value: unknown): readonly Tombstone[] {
  const { path, confirmed, by, at, reason } = fieldsOf(value) ?? {};
  if (!isPath(path)) return [];
  const removal: Tombstone = {
    path,
    ...(typeof confirmed === 'boolean' ? { confirmed } : {}),
    ...(isShort(by) ? { by } : {}),
    ...(isInstant(at) ? { at } : {}),
    ...(isShort(reason) ? { reason } : {}),
  };
  return [removal];
}

function questionFrom(value: unknown): readonly CarriedQuestion[] {
  const { id, paths, by, count, type, from } = fieldsOf(value) ?? {};
  const isWhole = isShort(id) && id !== '' && isShort(by) && isName(by) && isInstant(count);
  if (!isWhole || !isShort(type) || !Array.isArray(paths) || !Array.isArray(from)) return [];
  const writers = from.filter(isShort).filter(isName).slice(0, QUESTIONS_MAX);
  return [
    { id, paths: paths.filter(isPath).slice(0, QUESTIONS_MAX), by, count, type, from: writers },
  ];
}

/** Reads open questions, without malformed ones. */
export function questionsFrom(value: unknown): readonly CarriedQuestion[] {
  return Array.isArray(value) ? value.flatMap(questionFrom).slice(0, QUESTIONS_MAX) : [];
}

/** Reads instants by device, without malformed ones; `null` for none at all. */
export function instantsFrom(value: unknown): Readonly<Record<string, number>> | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const instants = Object.entries(fields).filter(
    (entry): entry is [string, number] => isName(entry[0]) && isInstant(entry[1]),
  );
  return Object.fromEntries(instants.length > DEVICES_MAX ? [] : instants);
}

/** Reads the random parts of bodies by device, without malformed ones; `null` for none at all. */
export function bodiesFrom(value: unknown): Readonly<Record<string, string>> | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const bodies = Object.entries(fields).filter(
    (entry): entry is [string, string] => isName(entry[0]) && isBody(entry[1]),
  );
  return Object.fromEntries(bodies.length > DEVICES_MAX ? [] : bodies);
}

/** Returns the fields of an unknown value; `null` if it has none. */
export function fieldsOf(value: unknown): Fields | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : null;
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Whether a text can be the name of a device. */
function isName(text: string): boolean {
  return text !== '' && isShort(text) && text !== '__proto__';
}

function isBody(value: unknown): value is string {
  return typeof value === 'string' && BODY.test(value);
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.length <= PATH_LENGTH_MAX;
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= NAME_LENGTH_MAX;
}
