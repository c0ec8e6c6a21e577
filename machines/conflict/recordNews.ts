/**
 * How a record goes on by what is heard of it: an edit that the upstream took, or what the upstream holds (CF-1).
 *
 * @module
 */

import { clampedMs, compareVectors, joinVectors } from '../merge/clock/hybridClock.ts';
import type { MergedBody, RequestBody } from '../policy/request/requestBody.ts';
import type { Current, Entity, Maker, RecordMeta, VersionVector } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import { withoutCards } from './cards.ts';
import { closedBetween, joinQuestions } from './carriedQuestions.ts';
import { madeOn } from './editBase.ts';
import { type Ancestor, type EntityRecord, newRecord } from './entityRecord.ts';
import { isSameRecord } from './items.ts';
import { joinBodies, joinHeard, laterMaker } from './recordMeta.ts';
import {
  type Onlooker,
  presumedRemoved,
  withAllHeard,
  withKnownPaths,
  withoutForgotten,
  withoutTakenBack,
  withRemoved,
  withTombstones,
} from './remembered.ts';

/** Which record it is. */
export interface About {
  readonly entity: Entity;
  readonly subject: string;
}

/** An edit that the upstream has taken. */
export interface SentEdit {
  /** The operation's. */
  readonly id: string;
  /** The body as it was sent: with its `merged`. */
  readonly body: RequestBody;
  readonly acceptedAtMs: number;
  /**
   * What the upstream has answered, or was found to hold: its version, and its value and meta where they are known
   * and are not those that were sent. Left out where it said nothing.
   */
  readonly kept?: {
    readonly version: string | null;
    readonly value?: Json;
    readonly meta?: RecordMeta | undefined;
  };
}

/** What became of what was told: `known` and `older` are no news. */
export type NewsStatus = 'taken' | 'known' | 'older';

export interface RemoteNews {
  readonly status: NewsStatus;
  readonly record: EntityRecord;
}

/** How many versions are known to be over. */
const PAST_MAX = 16;

/** How many questions are known to be over. */
const CLOSED_MAX = 32;

/** The name of whoever wrote a version that says nothing of it. */
export const UPSTREAM = 'upstream';

/** The record after the upstream has taken an edit. */
export function afterSent(
  record: EntityRecord | null,
  about: About,
  sentEdit: SentEdit,
  onlooker: Onlooker,
): EntityRecord {
  const { id, body, acceptedAtMs, kept } = sentEdit;
  const { device, nowMs } = onlooker;
  const before = record ?? newRecord(about);
  const { merged, removals = [] } = body;
  const held = kept?.value ?? merged?.payload ?? body.payload;
  const sent = currentOf(
    withKnownPaths(
      before,
      { version: kept?.version ?? null, value: held, meta: kept?.meta ?? merged?.meta },
      onlooker.rules,
      merged?.meta.tombstones,
    ),
    onlooker,
  );
  const { meta } = sent;
  // Somebody told of a later version before this was written down.
  const isOver = isBehind(meta, before.current) || isOutrun(merged, sent, before.current);
  const current = isOver ? before.current : sent;
  const vv = joined(before.vv, merged?.meta.vv, kept?.meta?.vv);
  const ancestor =
    body.isDecision === true
      ? before.ancestor
      : {
          value: body.payload,
          edit: id,
          base: madeOn(before, body.base),
          ...holdsAfter(before, sentEdit),
        };
  const isAlone =
    ancestor !== null && current !== null && isSameRecord(ancestor.value, current.value);
  const others = isAlone
    ? null
    : [merged?.others ?? null, makerOf(kept?.meta, device)]
        .map((maker) => maker && received(maker, nowMs))
        .reduce(laterMaker, before.others);
  const own = { sinceMs: acceptedAtMs, vv: merged?.meta.vv ?? vv };
  const seen = { sinceMs: nowMs, vv: joined(own.vv, meta?.vv) };
  const next: EntityRecord = {
    ...before,
    current,
    isGone: false,
    isMasked: isOver ? before.isMasked : sent.value !== held,
    past: isOver ? withPast(before.past, sent.version) : pastOf(before, sent),
    ancestor,
    others,
    vv,
    bodies: known(before, merged?.meta, kept?.meta),
    ...questionsAfter(before, merged?.meta, kept?.meta),
    tombstones: withRemoved(
      withTombstones(
        withTombstones(
          withTombstones(before.tombstones, removals, own, Number.POSITIVE_INFINITY),
          merged?.meta.tombstones ?? [],
          own,
        ),
        meta?.tombstones ?? [],
        seen,
      ),
      before.tombstones,
      [before.current?.value, merged?.ancestor, before.ancestor?.value],
    ),
    heard: withAllHeard(
      joinHeard(joinHeard(before.heard, meta?.heard ?? {}, nowMs), { [device]: nowMs }, nowMs),
      before.vv,
      vv,
      nowMs,
    ),
    heardAtMs: nowMs,
  };
  return withoutForgotten(withoutTakenBack(next, onlooker.rules), onlooker);
}

/** What is decided for those that follow: in their lane they come one after the other, and then it is over. */
function holdsAfter({ ancestor }: EntityRecord, { id, body }: SentEdit): Pick<Ancestor, 'holds'> {
  const made = body.merged?.holds;
  if (made !== undefined) return { holds: made };
  const holds = ancestor?.holds;
  return holds === undefined || !holds.edits.includes(id) ? {} : { holds };
}

/**
 * The record after it was heard what the upstream holds.
 *
 * @param remote `null`: it has no such record
 * @param isAsked the upstream was asked just now, so that it holds this, whatever was heard before. What was only told
 *   of may come late
 */
export function afterRemote(
  record: EntityRecord | null,
  about: About,
  remote: Current | null,
  onlooker: Onlooker,
  isAsked: boolean,
): RemoteNews {
  const before = record ?? newRecord(about);
  const { nowMs } = onlooker;
  if (remote === null || remote.value === null) {
    const isKnown = record !== null && (before.isGone || before.current === null);
    const gone = { ...before, isGone: before.current !== null, heardAtMs: nowMs };
    return { status: isKnown ? 'known' : 'taken', record: gone };
  }
  const status = standingOf(before, remote, isAsked);
  if (status === 'older') return { status, record: before };
  const told =
    status === 'known' && before.current?.meta !== undefined && remote.meta === undefined
      ? { ...remote, meta: before.current.meta }
      : remote;
  const current = currentOf(withKnownPaths(before, told, onlooker.rules), onlooker);
  const { meta } = current;
  const vv = joined(before.vv, meta?.vv);
  // A version that was made without knowledge of a removal: whoever wrote it has yet to see that.
  const tombstones = before.tombstones.map((held) =>
    meta === undefined || isWithin(held.vv, meta.vv) ? held : { ...held, vv: joined(held.vv, vv) },
  );
  const isAlone = before.ancestor !== null && isSameRecord(before.ancestor.value, current.value);
  const isNews = status === 'taken';
  const next: EntityRecord = {
    ...before,
    current,
    isGone: false,
    isMasked: current.value !== remote.value,
    past: pastOf(before, current),
    others: isAlone
      ? null
      : isNews
        ? laterMaker(before.others, makerOfCurrent(current, onlooker.device))
        : before.others,
    vv,
    bodies: known(before, meta),
    ...questionsAfter(before, meta),
    tombstones: withRemoved(
      withTombstones(
        withTombstones(tombstones, meta?.tombstones ?? [], { sinceMs: nowMs, vv }),
        presumedRemoved(before, current, onlooker.rules),
        { sinceMs: nowMs, vv, isPresumed: true },
      ),
      before.tombstones,
      [before.current?.value, before.ancestor?.value],
    ),
    heard: withAllHeard(joinHeard(before.heard, meta?.heard ?? {}, nowMs), before.vv, vv, nowMs),
    heardAtMs: nowMs,
  };
  return {
    status,
    record: withoutForgotten(withoutTakenBack(next, onlooker.rules), onlooker),
  };
}

/** How what was heard stands to what is known. */
function standingOf(record: EntityRecord, remote: Current, isAsked: boolean): NewsStatus {
  const { current, isGone, past, vv } = record;
  if (current === null || isGone) return 'taken';
  if (remote.version !== null && remote.version === current.version) return 'known';
  if (isAsked) return 'taken';
  if (remote.meta !== undefined) {
    const order = compareVectors(remote.meta.vv, current.meta?.vv ?? vv);
    if (order === 'before') return 'older';
    if (order === 'equal' && isSameRecord(remote.value, current.value)) return 'known';
    return 'taken';
  }
  if (remote.version !== null && past.includes(remote.version)) return 'older';
  if (remote.asOfMs !== undefined && current.asOfMs !== undefined) {
    if (remote.asOfMs < current.asOfMs) return 'older';
  }
  const isUnnamed = remote.version === null;
  return isUnnamed && isSameRecord(remote.value, current.value) ? 'known' : 'taken';
}

/** The maker, where that was another device, or nobody says who. */
export function makerOfCurrent({ meta, asOfMs }: Current, device: string): Maker | null {
  if (meta !== undefined) return makerOf(meta, device);
  return { actor: UPSTREAM, hlc: { ms: asOfMs ?? 0, c: 0 } };
}

function makerOf(meta: RecordMeta | undefined, device: string): Maker | null {
  return meta === undefined || meta.actor === device ? null : { actor: meta.actor, hlc: meta.hlc };
}

/**
 * Whether something was heard of the record while the edit was on its way. The upstream took the edit on the version
 * that it was made on, so what it told of meanwhile came after it, or is the edit itself. Vectors know better.
 */
function isOutrun(merged: MergedBody | undefined, sent: Current, current: Current | null): boolean {
  if (merged === undefined || current === null || current.version === null) return false;
  if (sent.meta !== undefined && current.meta !== undefined) return false;
  return current.version !== merged.version && current.version !== sent.version;
}

function isBehind(meta: RecordMeta | undefined, current: Current | null): boolean {
  if (meta === undefined || current?.meta === undefined) return false;
  return compareVectors(meta.vv, current.meta.vv) === 'before';
}

function pastOf({ current, past }: EntityRecord, next: Current): readonly string[] {
  const over = current?.version === next.version ? past : withPast(past, current?.version ?? null);
  // It may come back to what it was: then that is what it holds.
  return over.filter((version) => version !== next.version);
}

function withPast(past: readonly string[], version: string | null): readonly string[] {
  if (version === null) return past;
  return [...past.filter((one) => one !== version), version].slice(-PAST_MAX);
}

/** The form that is kept: without card data, and without fields that say nothing. */
function currentOf(
  { version, value, meta, asOfMs, isVerified }: Current,
  { isExempt, nowMs }: Onlooker,
): Current {
  return {
    version,
    value: withoutCards(value, isExempt),
    ...(meta === undefined ? {} : { meta: received(meta, nowMs) }),
    ...(asOfMs === undefined ? {} : { asOfMs }),
    ...(isVerified === true ? { isVerified } : {}),
  };
}

/** A stamp from the future counts as of when it was received: else all that is made until then would be older. */
function received<Made extends Maker>(maker: Made, nowMs: number): Made {
  const { hlc } = maker;
  const ms = clampedMs(hlc.ms, nowMs);
  return ms === hlc.ms ? maker : { ...maker, hlc: { ms, c: 0 } };
}

function joined(...vectors: readonly (VersionVector | undefined)[]): VersionVector {
  return vectors.reduce<VersionVector>((all, one) => joinVectors(all, one ?? {}), {});
}

function known(
  record: EntityRecord,
  ...metas: readonly (RecordMeta | undefined)[]
): EntityRecord['bodies'] {
  let { vv, bodies } = record;
  for (const meta of metas) {
    if (meta === undefined) continue;
    bodies = joinBodies({ vv, bodies }, meta);
    vv = joined(vv, meta.vv);
  }
  return bodies;
}

/** What is asked about the record, and what is not any more. */
function questionsAfter(
  record: EntityRecord,
  ...metas: readonly (RecordMeta | undefined)[]
): Pick<EntityRecord, 'asks' | 'closed'> {
  let { vv, asks } = record;
  let before = asks;
  for (const meta of metas) {
    if (meta === undefined) continue;
    before = [...before, ...(meta.asks ?? [])];
    asks = joinQuestions({ vv, asks }, meta);
    vv = joined(vv, meta.vv);
  }
  const news = closedBetween(before, asks);
  const isOpen = new Set(asks.map(({ id }) => id));
  const over = record.closed.filter((id) => !isOpen.has(id) && !news.includes(id));
  return { asks, closed: [...over, ...news].slice(-CLOSED_MAX) };
}

function isWithin(one: VersionVector, other: VersionVector): boolean {
  const order = compareVectors(one, other);
  return order === 'before' || order === 'equal';
}
