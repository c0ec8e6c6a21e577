/**
 * Compares an edit with what is known of its record, before it is sent (CF-1). An edit is what the app made of a value
 * that it had: its ancestor. Edits that follow each other in a lane are each made of the one before, whatever the
 * upstream was given for that, so they never look as if they were made apart.
 *
 * @module
 */

import { fieldsOf } from '../merge/clock/recordMeta.ts';
import type { EntityRules } from '../merge/declaration/entityRules.ts';
import { isDeclared } from '../merge/entities/entities.ts';
import type { MergedBody, RequestBody } from '../policy/request/requestBody.ts';
import type { Json } from '../vocabulary/json.ts';
import type { Current, RecordMeta, Tombstone } from '../vocabulary/record.ts';
import type { EntityRecord } from './entityRecord.ts';
import { holdsChanges, isSameRecord, missingFrom, pointersIn } from './items.ts';
import { joinHeard } from './recordMeta.ts';
import { baseNameOf } from './recordNews.ts';
import { nextVector } from './remembered.ts';

/** An edit, as its operation has it. */
export interface Edit {
  readonly body: RequestBody;
  readonly acceptedAtMs: number;
  /** How often it was merged anew after a definite conflict. */
  readonly round: number;
  /** It had ended and was brought back: what was sent meanwhile was not made of what came before it. */
  readonly isBroughtBack?: boolean;
}

/** What an edit is compared by. */
export interface Comparison {
  readonly record: EntityRecord | null;
  readonly edit: Edit;
  readonly rules: EntityRules;
  /** The name of this store in vectors. */
  readonly device: string;
  /** The present, by the wall clock. */
  readonly nowMs: number;
}

/**
 * - `clear`: it goes out as the app gave it.
 * - `merge`: its record is another by now: `mergeEdit` puts the two together.
 * - `fetch`: the version of what is known of the record is not known, so the upstream is asked.
 */
export type Compared =
  | { readonly kind: 'clear'; readonly merged: MergedBody }
  | {
      readonly kind: 'merge';
      /** What `mergeEdit` is to take for what the upstream holds. */
      readonly current: Current | null;
    }
  | { readonly kind: 'fetch' };

/** What becomes of an edit by what is known of its record. */
export function compareEdit(comparison: Comparison): Compared {
  const { record, edit } = comparison;
  const base = baseOf(edit.body.base);
  const ancestor = ancestorOf(comparison);
  const isGone = record?.isGone ?? false;
  const current = record?.current ?? currentOfBase(base);
  if (current === null) {
    if (base.version === undefined) return clear({ version: null, absent: true });
    return base.version === null ? { kind: 'fetch' } : clear({ version: base.version });
  }
  if (isGone) return { kind: 'merge', current: null };
  if (current.version === null) return { kind: 'fetch' };
  const isUntouched = ancestor !== null && isSameRecord(ancestor, current.value);
  const isClear =
    (isUntouched || isSameRecord(edit.body.payload, current.value)) &&
    !isForRules(comparison, current.value);
  if (isClear) return clear({ version: current.version });
  // What is kept of it is not all that the upstream holds.
  return record?.isMasked === true ? { kind: 'fetch' } : { kind: 'merge', current };

  function clear(on: { readonly version: string | null; readonly absent?: true }): Compared {
    const merged = bodyOf(comparison, {
      ...on,
      payload: edit.body.payload,
      ancestor,
      current: record?.current ?? null,
      removals: removalsOf(comparison, ancestor),
    });
    return { kind: 'clear', merged };
  }
}

/** What a person or a device has taken out without a word is for the rules to judge, where there are some. */
function isForRules({ edit, rules }: Comparison, current: Json): boolean {
  const { payload, removals = [], isDecision } = edit.body;
  if (isDecision === true || !isDeclared(rules)) return false;
  const confirmed = new Set(
    removals.filter((one) => one.confirmed === true).map(({ path }) => path),
  );
  return missingFrom(rules, current, payload).some((path) => !confirmed.has(path));
}

/**
 * What the app made the edit of; `null` where nobody knows.
 *
 * A base with its value is what the app had: so it says, and two windows of one app may edit the same. Where it gave
 * none, or only a version, it goes on from what it gave before.
 */
export function ancestorOf({
  record,
  edit: { body, isBroughtBack },
  rules,
}: Pick<Comparison, 'record' | 'edit' | 'rules'>): Json | null {
  if (body.merged !== undefined) return body.merged.ancestor ?? null;
  const base = baseOf(body.base);
  const current = record === null || record.isGone ? null : record.current;
  const isOnCurrent = typeof base.version === 'string' && base.version === current?.version;
  const onBase = base.value ?? (isOnCurrent && current !== null ? current.value : null);
  if (body.isDecision === true) return onBase;
  const before = isBroughtBack === true ? null : (record?.ancestor ?? null);
  if (before === null) return onBase;
  const isOnSame = before.baseName === baseNameOf(body.base);
  if (base.value === null) return isOnSame ? before.value : (onBase ?? before.value);
  // With all of its changes in it, it may as well be made of the one before it.
  const isMoreOf = isOnSame && holdsChanges(rules, base.value, before.value, body.payload);
  return isMoreOf ? before.value : base.value;
}

interface Base {
  /** `undefined` where the app gave none. */
  readonly version: string | null | undefined;
  readonly value: Json | null;
}

/** What the app says that it made the edit of. */
function baseOf(base: Json | undefined): Base {
  if (typeof base === 'string') return { version: base, value: null };
  const { version, value } = fieldsOf(base) ?? {};
  return {
    version: typeof version === 'string' || version === null ? version : undefined,
    value: (value as Json | undefined) ?? null,
  };
}

/** What the app has seen of the upstream, where this store has not. */
function currentOfBase({ version, value }: Base): Current | null {
  return typeof version !== 'string' || value === null ? null : { version, value };
}

/** What is removed by an edit: what a person has confirmed, and what a decision leaves out. */
export function removalsOf({ edit, rules }: Comparison, before: Json | null): readonly Tombstone[] {
  const { removals = [], isDecision, merged, payload } = edit.body;
  const isDecided = merged?.isDecided === true;
  if ((isDecision !== true && !isDecided) || before === null) return removals;
  const after = isDecided ? merged.payload : payload;
  const told = new Set(removals.map(({ path }) => path));
  const left = missingFrom(rules, before, after).filter((path) => !told.has(path));
  return [...removals, ...left.map((path) => ({ path, confirmed: true, at: edit.acceptedAtMs }))];
}

/** What an edit is sent as. */
export interface Sending {
  readonly payload: Json;
  readonly version: string | null;
  readonly absent?: true | undefined;
  readonly ancestor: Json | null;
  readonly current: Current | null;
  readonly removals: readonly Tombstone[];
}

/** The body of an edit, with what travels beside it. */
export function bodyOf(comparison: Comparison, sending: Sending): MergedBody {
  const { edit } = comparison;
  const { payload, version, absent, ancestor } = sending;
  return {
    payload,
    version,
    ...(absent === true ? { absent } : {}),
    round: edit.round,
    meta: metaOf(comparison, sending),
    ...(ancestor === null ? {} : { ancestor }),
  };
}

function metaOf(
  { record, edit, rules, device, nowMs }: Comparison,
  { payload, current, removals }: Sending,
): RecordMeta {
  const meta = current?.meta;
  const held = record?.tombstones ?? [];
  // Of a version that was heard of, the record holds those that anybody still needs.
  const known = record?.current ?? null;
  const isHeardOf = known !== null && known.version === current?.version;
  const tombstones = [
    ...removals,
    ...held.map(({ tombstone }) => tombstone),
    ...(isHeardOf ? [] : (meta?.tombstones ?? [])),
  ];
  // What is there again is not removed.
  const there = tombstones.length === 0 ? new Set() : pointersIn(rules, payload);
  const byPath = new Map<string, Tombstone>();
  for (const tombstone of tombstones) {
    const { path } = tombstone;
    const isNews =
      !byPath.has(path) || (tombstone.confirmed === true && byPath.get(path)?.confirmed !== true);
    if (isNews && !there.has(path)) byPath.set(path, tombstone);
  }
  const removed = [...byPath.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const heard = joinHeard(record?.heard ?? {}, meta?.heard ?? {}, nowMs);
  return {
    // Each body counts, sent or not, so that no two that go out are taken for one.
    vv: nextVector(device, record?.vv ?? {}, meta?.vv ?? {}, edit.body.merged?.meta.vv ?? {}),
    actor: device,
    hlc: { ms: edit.acceptedAtMs, c: 0 },
    ...(removed.length === 0 ? {} : { tombstones: removed }),
    heard: joinHeard(heard, { [device]: nowMs }, nowMs),
  };
}
