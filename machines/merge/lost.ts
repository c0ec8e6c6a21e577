/**
 * Check of a merge for lost values (CF-6).
 *
 * @module
 */

import { atOnce, type Pieces, Work } from '../vocabulary/pieces.ts';
import type { Json } from '../vocabulary/shape.ts';
import type { EntityRules } from './declaration/entityRules.ts';
import type { Merged } from './mergeEntity.ts';
import { isList } from './values/canonical.ts';
import { cleanerInPieces } from './values/cleanJson.ts';

/** Returns single values that a side wrote and that are nowhere after the merge. */
export function lostIn(...given: Parameters<typeof lostInPieces>): readonly Json[] {
  return atOnce(lostInPieces(...given));
}

/** {@link lostIn} in pieces. */
export function* lostInPieces(
  rules: EntityRules,
  {
    base,
    sides,
  }: { readonly base: unknown; readonly sides: readonly { readonly value: unknown }[] },
  merged: Merged,
): Pieces<readonly Json[]> {
  const work = new Work();
  const computed = new Set(
    (rules.fields.parts ?? []).flatMap(([name, { kind }]) => (kind === 'computed' ? [name] : [])),
  );
  const all = [merged.value, merged.review, merged.audit] as unknown as Json;
  const kept = yield* leavesOf(all, new Set(), work);
  const lost: Json[] = [];
  let lines: ReadonlySet<string> | null = null;
  const given = yield* leavesOf(base as Json | undefined, computed, work);
  const isThere = (leaf: Json) => leaf === null || kept.has(leaf) || given.has(leaf);
  let known: ReadonlySet<Json> | null = null;
  const clean = cleanerInPieces((name) => rules.leavesOut.has(name), work);
  for (const { value } of sides) {
    // Most values are there as they came; only others are compared in the form that merges use.
    let isAsGiven = true;
    for (const leaf of yield* leavesOf(value as Json | undefined, computed, work)) {
      if (work.isDue()) yield;
      isAsGiven &&= isThere(leaf);
    }
    if (isAsGiven) continue;
    known ??= yield* leavesOf((yield* clean(base)).value, computed, work);
    for (const leaf of yield* leavesOf((yield* clean(value)).value, computed, work)) {
      if (work.isDue()) yield;
      if (leaf === null || known.has(leaf) || kept.has(leaf)) continue;
      // A merged text has the lines of each side.
      if (typeof leaf === 'string') {
        lines ??= yield* linesOf(kept, work);
        if (leaf.split('\n').every((line) => lines?.has(line))) continue;
      }
      lost.push(leaf);
    }
  }
  return lost;
}

function* linesOf(leaves: ReadonlySet<Json>, work: Work): Pieces<ReadonlySet<string>> {
  const lines = new Set<string>();
  for (const leaf of leaves) {
    if (typeof leaf !== 'string') continue;
    for (const line of leaf.split('\n')) {
      lines.add(line);
      if (work.isDue()) yield;
    }
  }
  return lines;
}

function* leavesOf(
  value: Json | undefined,
  leftOut: ReadonlySet<string>,
  work: Work,
): Pieces<ReadonlySet<Json>> {
  const leaves = new Set<Json>();
  const open: (Json | undefined)[] = [value];
  for (let isTop = true; open.length > 0; isTop = false) {
    const one = open.pop();
    if (work.isDue()) yield;
    if (typeof one !== 'object' || one === null) {
      if (one !== undefined) leaves.add(one);
      continue;
    }
    if (isList(one)) {
      for (const item of one) {
        open.push(item);
        if (work.isDue(1 / 4)) yield;
      }
      continue;
    }
    for (const [name, field] of Object.entries(one)) {
      if (!isTop || !leftOut.has(name)) open.push(field);
      if (work.isDue(1 / 4)) yield;
    }
  }
  return leaves;
}
