/**
 * What travels with a record, read from whatever an upstream carried (CF-1).
 *
 * @module
 */

import { clampedMs, compareStamps } from '../merge/clock/hybridClock.ts';
import { vectorFrom } from '../merge/clock/versionVector.ts';
import type { HybridStamp, Maker, RecordMeta, Tombstone } from '../vocabulary/record.ts';
import { isCount, isFlag, isNumber, orAbsent } from '../vocabulary/shape.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a store said of a record; `null` for what says nothing of the kind. What is wrong in a part of it is left
 * out, so that a stranger's entry costs no more than itself.
 */
export function recordMetaFrom(value: unknown): RecordMeta | null {
  const { vv, actor, hlc, tombstones, heard } = fieldsOf(value);
  const vector = vectorFrom(vv);
  const stamp = stampFrom(hlc);
  if (vector === null || stamp === null || typeof actor !== 'string') return null;
  const removed = listOf(tombstones).flatMap((one) => tombstoneFrom(one) ?? []);
  const instants = heardFrom(heard);
  return {
    vv: vector,
    actor,
    hlc: stamp,
    ...(removed.length === 0 ? {} : { tombstones: removed }),
    ...(Object.keys(instants).length === 0 ? {} : { heard: instants }),
  };
}

export function tombstoneFrom(value: unknown): Tombstone | null {
  const { path, confirmed, by, at, reason } = fieldsOf(value);
  if (typeof path !== 'string' || !path.startsWith('/')) return null;
  return {
    path,
    ...(isFlag(confirmed) ? { confirmed: confirmed === true } : {}),
    ...(typeof by === 'string' ? { by } : {}),
    ...(typeof at === 'number' && isNumber(at) ? { at } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}

/** Instants by device; what is none is left out. */
export function heardFrom(value: unknown): Readonly<Record<string, number>> {
  const instants = Object.entries(fieldsOf(value)).filter(([, atMs]) => isNumber(atMs));
  return Object.fromEntries(instants) as Record<string, number>;
}

export function makerFrom(value: unknown): Maker | null {
  const { actor, hlc } = fieldsOf(value);
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

function stampFrom(value: unknown): HybridStamp | null {
  const { ms, c } = fieldsOf(value);
  if (typeof ms !== 'number' || !isNumber(ms) || !orAbsent(isCount)(c)) return null;
  return { ms, c: typeof c === 'number' ? c : 0 };
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
