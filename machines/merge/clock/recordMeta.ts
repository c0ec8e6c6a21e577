/**
 * What another store said of a record, read from wherever it comes: an upstream that carries it, a disk.
 *
 * @module
 */

import type { HybridStamp, RecordMeta, Tombstone, VersionVector } from '../../vocabulary/record.ts';
import { vectorFrom } from './versionVector.ts';

/** No device makes as many changes; one more than the greatest whole number could not be counted. */
const COUNT_MAX = 2 ** 48;

type Fields = Readonly<Record<string, unknown>>;

/**
 * The meta of a record from what may be anything; `null` where it does not say who made the record, when, and
 * what it has seen. What else is malformed in it is left out.
 */
export function recordMetaFrom(value: unknown): RecordMeta | null {
  const { vv, actor, hlc, tombstones, heard } = fieldsOf(value) ?? {};
  const vector = countedFrom(vv);
  const stamp = stampFrom(hlc);
  if (vector === null || stamp === null || typeof actor !== 'string' || actor === '') return null;
  const removed = tombstonesFrom(tombstones);
  const heardAt = instantsFrom(heard);
  return {
    ...{ vv: vector, actor, hlc: stamp },
    ...(removed === null ? {} : { tombstones: removed }),
    ...(heardAt === null ? {} : { heard: heardAt }),
  };
}

/** A vector whose counts all have a next one. */
function countedFrom(value: unknown): VersionVector | null {
  const vector = vectorFrom(value);
  if (vector === null) return null;
  return Object.fromEntries(Object.entries(vector).filter(([, count]) => count <= COUNT_MAX));
}

/** A moment; `null` for what is none. */
export function stampFrom(value: unknown): HybridStamp | null {
  const { ms, c } = fieldsOf(value) ?? {};
  return isInstant(ms) && isInstant(c) ? { ms, c } : null;
}

/** Removals, without what is none; `null` for no list. */
export function tombstonesFrom(value: unknown): readonly Tombstone[] | null {
  if (!Array.isArray(value)) return null;
  return value.flatMap((one: unknown): readonly Tombstone[] => {
    const { path, confirmed, by, at, reason } = fieldsOf(one) ?? {};
    if (typeof path !== 'string' || !path.startsWith('/')) return [];
    const removal: Tombstone = {
      path,
      ...(typeof confirmed === 'boolean' ? { confirmed } : {}),
      ...(typeof by === 'string' ? { by } : {}),
      ...(isInstant(at) ? { at } : {}),
      ...(typeof reason === 'string' ? { reason } : {}),
    };
    return [removal];
  });
}

/** Instants by device, without what is none; `null` where there are none at all. */
export function instantsFrom(value: unknown): Readonly<Record<string, number>> | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, number] => isInstant(entry[1])),
  );
}

/** The fields of what may be anything; `null` where it has none. */
export function fieldsOf(value: unknown): Fields | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : null;
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
