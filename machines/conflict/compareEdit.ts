/**
 * Compares an edit with what is known of its record, before it is sent (CF-1). An edit is what the app made of a value
 * that it had: its ancestor. One that is made of the edit before it is compared with that as the app gave it, whatever
 * the upstream was given for it, so the two never look as if they were made apart.
 *
 * @module
 */

import { isDeclared } from '../merge/entities/entities.ts';
import type { MergedBody } from '../policy/request/requestBody.ts';
import type { Json } from '../vocabulary/json.ts';
import type { Current, Tombstone } from '../vocabulary/record.ts';
import { ancestorOf, baseOf, type Comparison, currentOfBase, isOfNothing } from './editBase.ts';
import { bodyOf } from './editBody.ts';
import { isSameRecord, missingFrom } from './items.ts';

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
    if (isOfNothing(base)) return clear({ version: null, absent: true });
    return typeof base.version === 'string' ? clear({ version: base.version }) : { kind: 'fetch' };
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
