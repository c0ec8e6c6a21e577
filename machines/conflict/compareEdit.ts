/**
 * Compares an edit with what is known of its record, before it is sent (CF-1). An edit is what the app made of a value
 * that it had: its ancestor. One that is made of the edit before it is compared with that as the app gave it, whatever
 * the upstream was given for it, so the two never look as if they were made apart.
 *
 * @module
 */

import type { EntityRules } from '../merge/declaration/entityRules.ts';
import type { AnyRule, RuleKind } from '../merge/rules/rule.ts';
import { isObject, isSame } from '../merge/values/canonical.ts';
import { type Base, baseOf } from '../policy/request/editRequest.ts';
import type { MergedBody } from '../policy/request/requestBody.ts';
import type { Current, Tombstone } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import { ancestorOf, type Comparison, isOfNothing } from './editBase.ts';
import { bodyOf } from './editBody.ts';
import { isSameRecord, missingFrom } from './items.ts';
import { isAllMentioned, withUnmentioned } from './unmentioned.ts';

/**
 * - `clear`: it goes out as the app gave it: nobody else has changed the record, and the rules of its entity have
 *   nothing to say of what it changes.
 * - `merge`: its record is another by now, or the rules have to look at it: `mergeEdit` puts the two together.
 * - `fetch`: the version that it was made on is not known here, or that of what is known, so the upstream is asked.
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
  const { record, edit, rules } = comparison;
  const { payload, isDecision } = edit.body;
  const base = baseOf(edit.body.base);
  const ancestor = ancestorOf(comparison);
  const isGone = record?.isGone ?? false;
  const current = record?.current ?? null;
  if (current === null) {
    if (!isOfNothing(base)) return { kind: 'fetch' };
    const isJudged = isDecision !== true && isJudge(rules, null, payload);
    return isJudged ? { kind: 'merge', current } : clear({ version: null, absent: true });
  }
  if (isGone) return { kind: 'merge', current: null };
  if (current.version === null || !isKnown(comparison, base)) return { kind: 'fetch' };
  // Whoever decided has seen all of the record: what it has beyond that has come since.
  const isWhole = isDecision === true;
  const isUntouched =
    ancestor !== null &&
    isSameRecord(
      isWhole ? ancestor : withUnmentioned(ancestor, payload, current.value),
      current.value,
    );
  const isClear =
    isSameRecord(payload, current.value) ||
    (isUntouched && (isWhole || !isForRules(comparison, current.value)));
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

/** Whether this store has heard of the version that the app says it made the edit of. */
function isKnown({ record }: Comparison, { version, edit }: Base): boolean {
  // What shows an edit that waited here was given by this store.
  if (typeof version !== 'string' || record === null || edit !== null) return true;
  const { current, past, ancestor } = record;
  return (
    version === current?.version || past.includes(version) || version === ancestor?.base?.version
  );
}

/** Whether the rules have to look at an edit that nobody else's meets. */
function isForRules({ edit: { body }, rules }: Comparison, current: Json): boolean {
  const { payload, removals = [], confirm = [] } = body;
  return (
    removals.length > 0 ||
    confirm.length > 0 ||
    isJudge(rules, current, payload) ||
    !isAllMentioned(current, payload) ||
    missingFrom(rules, current, payload).length > 0
  );
}

/** Rules that take what a single device writes as it is. */
const TAKING: ReadonlySet<RuleKind> = new Set([
  'latest wins',
  'both are kept',
  'strictest wins',
  'text by lines',
  'ask',
  'set',
  'list',
  'fields',
]);

/** Whether rules may make something else of an edit than the app gave, or ask about it, though it is the only one. */
function isJudge(
  { checks, fields: { parts = [] } }: EntityRules,
  before: Json | null,
  after: Json,
): boolean {
  if (checks.length > 0 || parts.some(([, { kind }]) => kind === 'computed')) return true;
  if (parts.every(([, rule]) => isTaking(rule))) return false;
  if (!isObject(after)) return true;
  const held = isObject(before) ? before : {};
  return Object.entries(after).some(([name, value]) => {
    const isKept = Object.hasOwn(held, name) && isSame(held[name], value);
    const own = parts.filter(([part]) => part === name);
    return !isKept && (own.length > 0 ? own : parts).some(([, rule]) => !isTaking(rule));
  });
}

function isTaking({ kind, parts = [], each }: AnyRule): boolean {
  const within = [...parts.map(([, rule]) => rule), ...(each === undefined ? [] : [each])];
  return TAKING.has(kind) && within.every(isTaking);
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
