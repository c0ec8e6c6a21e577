/**
 * Whether a merge has lost something (CF-6).
 *
 * @module
 */

import type { Json } from '../vocabulary/json.ts';
import type { EntityRules } from './declaration/entityRules.ts';
import type { Merged } from './mergeEntity.ts';
import { cleanJson } from './values/cleanJson.ts';

/** Single values that a side wrote and that are nowhere after the merge. */
export function lostIn(
  rules: EntityRules,
  {
    base,
    sides,
  }: { readonly base: unknown; readonly sides: readonly { readonly value: unknown }[] },
  merged: Merged,
): readonly Json[] {
  const computed = new Set(
    (rules.fields.parts ?? []).flatMap(([name, { kind }]) => (kind === 'computed' ? [name] : [])),
  );
  const isLeftOut = (name: string) => rules.leavesOut.has(name);
  const known = leavesOf(cleanJson(base, isLeftOut), computed);
  const kept = leavesOf([merged.value, merged.review, merged.audit] as unknown as Json, new Set());
  const texts = [...kept].filter((one) => typeof one === 'string');
  const isKept = (leaf: Json): boolean =>
    kept.has(leaf) ||
    // Text that was put together has its lines.
    (typeof leaf === 'string' &&
      leaf.split('\n').every((line) => texts.some((one) => one.split('\n').includes(line))));
  return sides.flatMap(({ value }) =>
    [...leavesOf(cleanJson(value, isLeftOut), computed)].filter(
      (leaf) => leaf !== null && !known.has(leaf) && !isKept(leaf),
    ),
  );
}

function leavesOf(value: Json | undefined, leftOut: ReadonlySet<string>): ReadonlySet<Json> {
  const leaves = new Set<Json>();
  const open: (Json | undefined)[] = [value];
  for (let isTop = true; open.length > 0; isTop = false) {
    const one = open.pop();
    if (typeof one !== 'object' || one === null) {
      if (one !== undefined) leaves.add(one);
      continue;
    }
    for (const [name, field] of Object.entries(one)) {
      if (!isTop || !leftOut.has(name)) open.push(field);
    }
  }
  return leaves;
}
