/**
 * The body that an edit goes out with, and what travels beside it (CF-1, CF-7).
 *
 * @module
 */

import {
  leastBytesOf,
  leastBytesOfRemoval,
  META_BYTES_FULL,
  META_BYTES_MAX,
  withPaths,
} from '../merge/clock/carriedMeta.ts';
import { DEVICES_MAX, devicesWithin } from '../merge/clock/hybridClock.ts';
import { type MergedBody } from '../policy/request/requestBody.ts';
import type { Current, RecordMeta, Tombstone, VersionVector } from '../vocabulary/record.ts';
import { type Json, utf8Length } from '../vocabulary/shape.ts';
import { joinQuestions } from './carriedQuestions.ts';
import type { Comparison } from './editBase.ts';
import type { HeldTombstone } from './entityRecord.ts';
import { pointersIn } from './items.ts';
import { joinBodies, joinHeard } from './recordMeta.ts';
import { nextVector } from './remembered.ts';

/** What an edit is sent as. */
export interface Sending {
  readonly payload: Json;
  readonly version: string | null;
  readonly absent?: true | undefined;
  readonly ancestor: Json | null;
  readonly current: Current | null;
  readonly removals: readonly Tombstone[];
}

const NOTHING_SEEN = { vv: {} };

/** The body of an edit, with what travels beside it. */
export function bodyOf(comparison: Comparison, sending: Sending): MergedBody {
  const { edit, metaBytesMax = META_BYTES_MAX } = comparison;
  const { payload, version, absent, ancestor } = sending;
  const { meta, untold } = metaOf(comparison, sending);
  return {
    payload,
    version,
    ...(absent === true ? { absent } : {}),
    round: edit.round,
    meta,
    ...(metaBytesMax < META_BYTES_FULL ? { metaBytesMax } : {}),
    ...(untold === 0 ? {} : { untold }),
    ...(ancestor === null ? {} : { ancestor }),
  };
}

function metaOf(comparison: Comparison, { payload, current, removals }: Sending): Fitted {
  const { record, edit, rules, device, nowMs, draw } = comparison;
  const meta = current?.meta;
  const held = (record?.tombstones ?? []).filter(({ isPresumed }) => isPresumed !== true);
  const all = [
    ...removals,
    ...held.map(({ tombstone }) => tombstone),
    // Whatever is too old by the clock of this store: what the version lists that is replaced goes on.
    ...(meta?.tombstones ?? []),
  ];
  // What is there again is not removed.
  const there = all.length === 0 ? new Set<string>() : pointersIn(rules, payload);
  const known = () => [...all.map(({ path }) => path), ...there];
  const byPath = new Map<string, Tombstone>();
  for (const tombstone of withPaths(all, known)) {
    const { path } = tombstone;
    const isNews =
      !byPath.has(path) || (tombstone.confirmed === true && byPath.get(path)?.confirmed !== true);
    if (isNews && !there.has(path)) byPath.set(path, tombstone);
  }
  const removed = [...byPath.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const heard = joinHeard(record?.heard ?? {}, meta?.heard ?? {}, nowMs);
  const asks = joinQuestions(record ?? NOTHING_SEEN, meta ?? NOTHING_SEEN);
  const whole: RecordMeta = {
    // Each body counts, sent or not, so that no two that go out are taken for one.
    vv: nextVector(device, record?.vv ?? {}, meta?.vv ?? {}, edit.body.merged?.meta.vv ?? {}),
    actor: device,
    hlc: { ms: edit.acceptedAtMs, c: 0 },
    ...(removed.length === 0 ? {} : { tombstones: removed }),
    heard: joinHeard(heard, { [device]: nowMs }, nowMs),
    ...(rules.version === 1 ? {} : { rules: rules.version }),
    bodies: { ...joinBodies(record ?? { vv: {} }, meta ?? { vv: {} }), [device]: draw },
    ...(asks.length === 0 ? {} : { asks }),
    ...(meta?.forgotten === undefined ? {} : { forgotten: meta.forgotten }),
  };
  return fitted(whole, { device, held, own: removals, seen: meta?.vv ?? {} }, comparison);
}

/** What travels, and how much of what is known is not in it. */
interface Fitted {
  readonly meta: RecordMeta;
  readonly untold: number;
}

/** Where it gets too much so many devices stay, those that were heard of last; then removals go. */
const DEVICES_LEFT = 16;

/**
 * As much as may travel: the longest silent devices go first, then the oldest removals, which this store remembers all
 * the same, what this edit removes last.
 */
function fitted(
  meta: RecordMeta,
  from: {
    readonly device: string;
    readonly held: readonly HeldTombstone[];
    readonly own: readonly Tombstone[];
    /** What the version has seen that is replaced. */
    readonly seen: VersionVector;
  },
  { metaBytesMax = META_BYTES_MAX }: Comparison,
): Fitted {
  const { device, held, own, seen } = from;
  const bytesMax = Math.min(metaBytesMax, META_BYTES_MAX);
  const { tombstones: all = [], heard = {} } = meta;
  const devices = devicesWithin(meta.vv, heard, DEVICES_MAX, device);
  const within = ofDevices(meta, devices);
  const dropped = Object.keys(meta.vv).length - devices.length;
  if (isSurelyWithin(within, bytesMax)) return { meta: within, untold: dropped };
  const isFit = (one: RecordMeta): boolean => leastBytesOf(one) <= bytesMax;
  let ofFew = within;
  for (let left = devices.length; !isFit(ofFew) && left > DEVICES_LEFT; left -= 1) {
    ofFew = ofDevices(within, devicesWithin(within.vv, heard, left - 1, device));
  }
  const untold = dropped + devices.length - Object.keys(ofFew.vv).length;
  if (all.length === 0 || isFit(ofFew)) return { meta: ofFew, untold };
  const byPath = new Map(held.map((one) => [one.tombstone.path, one]));
  const ownPaths = new Set(own.map(({ path }) => path));
  const ageOf = ({ path, at }: Tombstone): number =>
    ownPaths.has(path)
      ? Number.POSITIVE_INFINITY
      : Math.max(at ?? 0, byPath.get(path)?.sinceMs ?? 0);
  const newest = all.toSorted((one, other) => ageOf(other) - ageOf(one));
  // Nobody is forgotten beyond what has been seen.
  let room = bytesMax - leastBytesOf({ ...ofFew, tombstones: [], forgotten: ofFew.vv });
  const parents = new Set<string>();
  const carried: Tombstone[] = [];
  const forgotten = new Map(Object.entries(meta.forgotten ?? {}));
  for (const one of newest) {
    room -= leastBytesOfRemoval(one, parents);
    if (room >= 0) carried.push(one);
    else {
      for (const [name, count] of Object.entries(byPath.get(one.path)?.vv ?? seen)) {
        if (count > (forgotten.get(name) ?? 0)) forgotten.set(name, count);
      }
    }
  }
  const known = Object.keys(ofFew.vv).map((name) => [name, forgotten.get(name) ?? 0] as const);
  const bounded = {
    ...ofFew,
    tombstones: carried.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    forgotten: Object.fromEntries(known.filter(([, count]) => count > 0)),
  };
  return { meta: bounded, untold: untold + newest.length - carried.length };
}

/** By a bound of what it takes in full: most are far below. */
function isSurelyWithin(meta: RecordMeta, bytesMax: number): boolean {
  const { vv, tombstones = [], asks = [] } = meta;
  if (tombstones.length + asks.length + Object.keys(vv).length > 24) return false;
  return utf8Length(JSON.stringify(meta)) <= bytesMax;
}

function ofDevices(meta: RecordMeta, devices: readonly string[]): RecordMeta {
  const kept = new Set(devices);
  const only = <Value>(all: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => kept.has(name)));
  const { vv, heard = {}, bodies = {}, forgotten = {} } = meta;
  if (Object.keys({ ...vv, ...heard, ...forgotten }).every((name) => kept.has(name))) return meta;
  const known = only(forgotten);
  return {
    ...meta,
    ...{ vv: only(vv), heard: only(heard), bodies: only(bodies) },
    ...(Object.keys(known).length === 0 ? {} : { forgotten: known }),
  };
}
