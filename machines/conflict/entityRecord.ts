/**
 * What this store knows of a record of the app: what the upstream held when it was last heard of, what the app's last
 * edit was, who has seen what, and what was removed (CF-1, CF-7). It is kept sealed, an edit is compared with it
 * before it is sent, and `recordNews.ts` says how it goes on.
 *
 * @module
 */

import { vectorFrom } from '../merge/clock/hybridClock.ts';
import {
  bodiesFrom,
  fieldsOf,
  instantsFrom,
  questionsFrom,
  recordMetaFrom,
  tombstonesFrom,
} from '../merge/clock/recordMeta.ts';
import { canonical } from '../merge/values/canonical.ts';
import type { DecisionHolds } from '../policy/request/requestBody.ts';
import type {
  CarriedQuestion,
  Current,
  Entity,
  Maker,
  Tombstone,
  VersionVector,
} from '../vocabulary/record.ts';
import { isFlag, isNumber, isText, type Json, orNull } from '../vocabulary/shape.ts';
import { makerFrom } from './recordMeta.ts';

/** The last edit of an app that the upstream took. What is edited next may be made of this, or apart from it. */
export interface Ancestor {
  /** The body as the app gave it, whatever was merged into it. */
  readonly value: Json;
  /** What a person has decided for edits that are still to come, having seen them. */
  readonly holds?: DecisionHolds | undefined;
  /** The id of the version: the base of an edit that was made of it names that. */
  readonly edit: string;
  /** The version that it was made on, with its value: others may be made on it as well. `null` where that is not known. */
  readonly base: { readonly version: string | null; readonly value: Json } | null;
}

/** What was there before it was removed. */
export interface Removed {
  readonly value: Json;
  /** The value was an item of a list. */
  readonly isItem: boolean;
}

/** A removal that is remembered, since a device that has not heard of it would bring the item back. */
export interface HeldTombstone {
  readonly tombstone: Tombstone;
  /** When this store came to know of it, by its wall clock. */
  readonly sinceMs: number;
  /** What the version was made of that brought it. A device that wrote after that has seen it. */
  readonly vv: VersionVector;
  /** What was removed, as this store knew it; left out where it never had it. */
  readonly removed?: Removed;
  /** True: nobody said so. It was gone, and removals that this store may not have heard of are carried no more. */
  readonly isPresumed?: true;
}

export interface EntityRecord {
  readonly entity: Entity;
  readonly subject: string;
  /** What the upstream held when it was last heard of; `null` while nothing is known of it. */
  readonly current: Current | null;
  /** The upstream has said since that it has no such record any more. */
  readonly isGone: boolean;
  /** Card data was left out of what the upstream held: nothing is merged with that. */
  readonly isMasked: boolean;
  /** Versions that the upstream has gone beyond, the newest last: what is told of them comes late. */
  readonly past: readonly string[];
  readonly ancestor: Ancestor | null;
  /** The author of what differs between {@link ancestor} and {@link current}, the latest of them; `null` for nobody. */
  readonly others: Maker | null;
  /** What this store has seen of each device. */
  readonly vv: VersionVector;
  /** The random part of the last body of each device in {@link vv}, where it is known. */
  readonly bodies: Readonly<Record<string, string>>;
  readonly tombstones: readonly HeldTombstone[];
  /** Questions about it that are open, on whatever device. */
  readonly asks: readonly CarriedQuestion[];
  /** The ids of questions that were closed, the newest last. */
  readonly closed: readonly string[];
  /** When each device was last heard of, in milliseconds since 1970. */
  readonly heard: Readonly<Record<string, number>>;
  /** When the upstream was last heard of, by this store's wall clock. */
  readonly heardAtMs: number;
}

/** A record of which nothing is known yet. */
export function newRecord(about: Pick<EntityRecord, 'entity' | 'subject'>): EntityRecord {
  return {
    entity: about.entity,
    subject: about.subject,
    current: null,
    isGone: false,
    isMasked: false,
    past: [],
    ancestor: null,
    others: null,
    vv: {},
    bodies: {},
    tombstones: [],
    asks: [],
    closed: [],
    heard: {},
    heardAtMs: 0,
  };
}

/** The text that is kept. What the upstream holds and what the app gave are mostly the same: it is written once. */
export function encodeEntityRecord(record: EntityRecord): string {
  const { current, ancestor } = record;
  const isShared =
    current !== null && ancestor !== null && canonical(current.value) === canonical(ancestor.value);
  const kept = isShared ? { ...record, ancestor: { ...ancestor, value: undefined } } : record;
  return canonical(kept as unknown as Json);
}

/** `null` for what is no such text: then nothing is known of the record. */
export function decodeEntityRecord(text: string): EntityRecord | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const { entity, subject, current, isGone, isMasked, past, ancestor, others, vv } =
    fieldsOf(read) ?? {};
  const { bodies, tombstones, asks, closed, heard, heardAtMs } = fieldsOf(read) ?? {};
  const about = fieldsOf(entity) ?? {};
  const vector = vectorFrom(vv);
  const now = current === null ? null : currentFrom(current);
  if (!isText(about['type']) || !isText(about['id']) || !isText(subject)) return null;
  if (vector === null || now === undefined || !isFlag(isGone) || !isNumber(heardAtMs)) return null;
  const before = ancestor === null ? null : ancestorFrom(ancestor, now);
  if (before === undefined) return null;
  return {
    entity: { type: String(about['type']), id: String(about['id']) },
    subject: String(subject),
    current: now,
    isGone: isGone === true,
    isMasked: isMasked === true,
    past: textsOf(past),
    ancestor: before,
    others: makerFrom(others),
    vv: vector,
    bodies: bodiesFrom(bodies) ?? {},
    tombstones: heldOf(tombstones),
    asks: questionsFrom(asks),
    closed: textsOf(closed),
    heard: instantsFrom(heard) ?? {},
    heardAtMs: Number(heardAtMs),
  };
}

/** `undefined` for what is none. */
function currentFrom(value: unknown): Current | undefined {
  const { version, value: held, meta, asOfMs, isVerified } = fieldsOf(value) ?? {};
  if (!orNull(isText)(version) || held === undefined) return undefined;
  const known = recordMetaFrom(meta);
  return {
    version: version as string | null,
    value: held as Json,
    ...(known === null ? {} : { meta: known }),
    ...(typeof asOfMs === 'number' ? { asOfMs } : {}),
    ...(isVerified === true ? { isVerified } : {}),
  };
}

function ancestorFrom(value: unknown, current: Current | null): Ancestor | undefined {
  const { value: given = current?.value, edit, base, holds } = fieldsOf(value) ?? {};
  if (given === undefined || !isText(edit)) return undefined;
  const { version, value: madeOn } = fieldsOf(base) ?? {};
  const isKnown = orNull(isText)(version) && madeOn !== undefined;
  const held = fieldsOf(holds);
  return {
    value: given as Json,
    edit: String(edit),
    base: isKnown ? { version: version as string | null, value: madeOn as Json } : null,
    ...(held === null
      ? {}
      : { holds: { paths: textsOf(held['paths']), edits: textsOf(held['edits']) } }),
  };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function heldOf(value: unknown): readonly HeldTombstone[] {
  return (Array.isArray(value) ? value : []).flatMap((one: unknown) => {
    const { tombstone: given, sinceMs, vv, removed: kept, isPresumed } = fieldsOf(one) ?? {};
    const [tombstone] = tombstonesFrom([given]) ?? [];
    const vector = vectorFrom(vv);
    if (tombstone === undefined || vector === null || typeof sinceMs !== 'number') return [];
    const removed = removedFrom(kept);
    return [
      {
        ...{ tombstone, sinceMs, vv: vector },
        ...(removed === null ? {} : { removed }),
        ...(isPresumed === true ? { isPresumed } : {}),
      },
    ];
  });
}

function removedFrom(kept: unknown): Removed | null {
  const { value, isItem } = fieldsOf(kept) ?? {};
  return value === undefined ? null : { value: value as Json, isItem: isItem === true };
}
