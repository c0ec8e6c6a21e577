/**
 * What an edit does not mention of its record. It does not know of that, which is no removal (CF-7).
 *
 * @module
 */

import { canonical, isList, isObject, isSame } from '../merge/values/canonical.ts';
import { baseOf } from '../policy/request/editRequest.ts';
import type { RequestBody } from '../policy/request/requestBody.ts';
import type { EditBase } from '../vocabulary/record.ts';
import type { Json, JsonObject } from '../vocabulary/shape.ts';
import { valueAt, withValueAt } from './items.ts';

/** Below this depth a value is taken whole. */
const DEPTH_MAX = 24;

/** Whether all that is in a value is in what it became too, at any depth, and nothing of it was emptied. */
export function isAllMentioned(before: Json, after: Json | undefined, depth = 0): boolean {
  if (before === after || before === null) return true;
  if (after === undefined || after === null || after === '') return false;
  if (depth > DEPTH_MAX) return isSame(before, after);
  if (isObject(before)) {
    if (!isObject(after)) return false;
    return Object.keys(before).every((name) =>
      isAllMentioned(before[name] ?? null, ownOf(after, name), depth + 1),
    );
  }
  if (!isList(before)) return true;
  if (!isList(after)) return false;
  const byId = itemsById(after);
  let texts: ReadonlySet<string> | null = null;
  return before.every((item, at) => {
    const id = idOf(item);
    const edited = id === null ? after[at] : byId.get(id);
    if (isAllMentioned(item, edited, depth + 1)) return true;
    texts ??= new Set(after.map((one) => canonical(one)));
    return texts.has(canonical(item));
  });
}

/**
 * What an edit was made of, with all that the record has and neither of the two mentions: fields that a newer app has
 * written, and that this one does not know.
 */
export function withUnmentioned(base: Json, edited: Json, record: Json, depth = 0): Json {
  if (base === record || depth > DEPTH_MAX) return base;
  if (isObject(base) && isObject(edited) && isObject(record)) {
    const added: [string, Json][] = [];
    for (const [name, value] of Object.entries(record)) {
      const before = ownOf(base, name);
      const after = ownOf(edited, name);
      if (before === undefined && after === undefined) added.push([name, value]);
      if (before === undefined || after === undefined) continue;
      const whole = withUnmentioned(before, after, value, depth + 1);
      if (whole !== before) added.push([name, whole]);
    }
    return added.length === 0 ? base : { ...base, ...Object.fromEntries(added) };
  }
  if (!isList(base) || !isList(edited) || !isList(record)) return base;
  const after = itemsById(edited);
  const held = itemsById(record);
  let isChanged = false;
  const items = base.map((item) => {
    const id = idOf(item);
    const one = id === null ? undefined : after.get(id);
    const other = id === null ? undefined : held.get(id);
    if (one === undefined || other === undefined) return item;
    const whole = withUnmentioned(item, one, other, depth + 1);
    isChanged ||= whole !== item;
    return whole;
  });
  return isChanged ? items : base;
}

/**
 * The base for what is made of an edit: what the app has after it. That is the edit laid over what it was made of, since
 * the next one may mention what this one did not; that is then no news.
 */
export function baseAfter(id: string, { payload, base, removals = [] }: RequestBody): EditBase {
  const { version = null, value } = baseOf(base);
  const left = removals.reduce<Json>(
    (one, { path }) => (valueAt(one, path) === undefined ? one : withValueAt(one, path, null)),
    value,
  );
  return { version, value: withUnmentioned(payload, payload, left), edit: id };
}

function ownOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function itemsById(items: readonly Json[]): ReadonlyMap<string, Json> {
  const byId = new Map<string, Json>();
  for (const item of items) {
    const id = idOf(item);
    if (id !== null) byId.set(id, item);
  }
  return byId;
}

/** What identifies an item as a rule; `null` for what has nothing of the kind. */
function idOf(item: Json): string | null {
  const id = isObject(item) ? (item['id'] ?? item['key']) : undefined;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
}
