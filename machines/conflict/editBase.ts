/**
 * What an edit was made of: the value that the app had (CF-1).
 *
 * @module
 */

import type { EntityRules } from '../merge/declaration/entityRules.ts';
import { type Base, baseOf } from '../policy/request/editRequest.ts';
import type { RequestBody } from '../policy/request/requestBody.ts';
import type { Pieces } from '../vocabulary/pieces.ts';
import type { Current } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import type { Ancestor, EntityRecord } from './entityRecord.ts';
import { holdsChanges, isSameRecord, lookThrough, valueAt, withValueAt } from './items.ts';

/** An edit, as its operation has it. */
export interface Edit {
  /** The operation's; left out where none is known. */
  readonly id?: string;
  readonly body: RequestBody;
  readonly acceptedAtMs: number;
  /** How often it was merged anew after a definite conflict. */
  readonly round: number;
  /** The edit had ended and was brought back: what was sent meanwhile was not made of what came before it. */
  readonly isBroughtBack?: boolean;
}

/** Looks in pieces through all that an edit is compared with; after that comparing it takes little. */
export function* lookThroughEdit(
  { record, edit, rules }: Pick<Comparison, 'record' | 'edit' | 'rules'>,
  current: Current | null = null,
): Pieces<void> {
  const { payload, merged, base } = edit.body;
  const known = record?.current?.value ?? null;
  const { value } = baseOf(base);
  const before = record?.ancestor?.value ?? null;
  const sent = merged?.ancestor ?? null;
  yield* lookThrough(rules, [
    current?.value ?? known,
    payload,
    merged?.payload ?? null,
    sent,
    value,
  ]);
  if (before !== null) yield* lookThrough(rules, [value ?? known, payload, before]);
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
  /** How many bytes may travel beside the record. Left out: 64 KiB. */
  readonly metaBytesMax?: number | undefined;
  /** The random part of the body that is made of it, by which that is known again. */
  readonly draw: string;
}

/**
 * What an edit is compared by; `null` where nobody knows. What a person has decided for it already, having seen it, it
 * leaves alone.
 */
export function ancestorOf(comparison: Pick<Comparison, 'record' | 'edit' | 'rules'>): Json | null {
  const made = madeOf(comparison);
  const { record, edit } = comparison;
  const holds = record?.ancestor?.holds;
  if (made === null || holds === undefined || edit.body.merged !== undefined) return made;
  return holds.edits.includes(edit.id ?? '')
    ? leavingAlone(made, edit.body.payload, holds.paths)
    : made;
}

/** An ancestor as of an edit that leaves alone what a person has decided, having seen that edit. */
function leavingAlone(ancestor: Json, given: Json, paths: readonly string[]): Json {
  return paths.reduce<Json>((made, path) => {
    const value = valueAt(given, path);
    return value === undefined ? made : withValueAt(made, path, value);
  }, ancestor);
}

/**
 * What the app made the edit of; `null` where nobody knows.
 *
 * A base with its value is what the app had, and a version alone is what that version was, where this store still
 * knows it. An edit is made of the one before it where its base names that one, or where it has all that the other
 * changed; else the two are sides, since windows, people and clients hand in edits of one record by one store.
 */
function madeOf({
  record,
  edit: { body, isBroughtBack },
  rules,
}: Pick<Comparison, 'record' | 'edit' | 'rules'>): Json | null {
  if (body.merged !== undefined) return body.merged.ancestor ?? null;
  const base = baseOf(body.base);
  const onBase = base.value ?? valueOf(record, base.version);
  const before = record?.ancestor ?? null;
  if (body.isDecision === true || isBroughtBack === true || before === null) return onBase;
  if (base.edit !== null) return onBase;
  // Of an edit that says nothing of what it was made of, all of the other has to be in it.
  // A later version with the same in it was shown after the other had come to nothing there.
  const isOnSame =
    onBase === null ||
    (before.base !== null &&
      (typeof base.version !== 'string' || base.version === before.base.version) &&
      isSameRecord(before.base.value, onBase));
  const isMoreOf = isOnSame && holdsChanges(rules, onBase, before.value, body.payload);
  return isMoreOf ? before.value : onBase;
}

/** What a version was, as far as this store still knows: what is there now, and what its last edit was made of. */
function valueOf(record: EntityRecord | null, version: string | null | undefined): Json | null {
  if (record === null || typeof version !== 'string') return null;
  const { current, isGone, ancestor } = record;
  if (current?.version === version) return isGone ? null : current.value;
  return ancestor?.base?.version === version ? ancestor.base.value : null;
}

/** The version that an edit which was sent is known to be made on, for those that were made on it as well. */
export function madeOn(record: EntityRecord, given: Json | undefined): Ancestor['base'] {
  const { version = null, value, edit } = baseOf(given);
  const { ancestor } = record;
  // What its base shows is no version of the upstream: that of the edit before it is.
  if (edit !== null) return ancestor?.edit === edit ? ancestor.base : null;
  const known = value ?? valueOf(record, version);
  return known === null ? null : { version, value: known };
}

/** Whether the app knew of no such record: it gave no base, or one that says so. */
export function isOfNothing({ version, value, edit }: Base): boolean {
  return version === undefined || (version === null && value === null && edit === null);
}

/** What the app has seen of the upstream, where this store has not. */
export function currentOfBase({ version, value, edit }: Base): Current | null {
  // With an edit that waited in it, it is no version of the upstream.
  return typeof version !== 'string' || value === null || edit !== null ? null : { version, value };
}
