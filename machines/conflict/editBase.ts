/**
 * What an edit was made of: the value that the app had (CF-1).
 *
 * @module
 */

import { fieldsOf } from '../merge/clock/recordMeta.ts';
import type { EntityRules } from '../merge/declaration/entityRules.ts';
import type { RequestBody } from '../policy/request/requestBody.ts';
import type { Json } from '../vocabulary/json.ts';
import type { Current } from '../vocabulary/record.ts';
import type { EntityRecord } from './entityRecord.ts';
import { holdsChanges } from './items.ts';
import { baseNameOf } from './recordNews.ts';
import { valueAt, withValueAt } from './valueAt.ts';

/** An edit, as its operation has it. */
export interface Edit {
  /** Of its operation; left out where none is known. */
  readonly id?: string;
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
    const before = valueAt(made, path);
    if (value === undefined && before === undefined) return made;
    return withValueAt(made, path, value ?? null);
  }, ancestor);
}

/**
 * What the app made the edit of; `null` where nobody knows.
 *
 * A base with its value is what the app had: so it says, and two windows of one app may edit the same. Where it gave
 * none, or only a version, it goes on from what it gave before.
 */
function madeOf({
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

export interface Base {
  /** `undefined` where the app gave none. */
  readonly version: string | null | undefined;
  readonly value: Json | null;
}

/** What the app says that it made the edit of. */
export function baseOf(base: Json | undefined): Base {
  if (typeof base === 'string') return { version: base, value: null };
  const { version, value } = fieldsOf(base) ?? {};
  return {
    version: typeof version === 'string' || version === null ? version : undefined,
    value: (value as Json | undefined) ?? null,
  };
}

/** What the app has seen of the upstream, where this store has not. */
export function currentOfBase({ version, value }: Base): Current | null {
  return typeof version !== 'string' || value === null ? null : { version, value };
}
