/**
 * Laws that every merge keeps, whatever the rules (CF-2, CF-6).
 *
 * @module
 */

// Entities may be given by name.
import '../../machines/merge/entities/entities.ts';
import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import { lostIn } from '../../machines/merge/lost.ts';
import {
  changesInSteps,
  type Merged,
  mergeEntity,
  project,
} from '../../machines/merge/mergeEntity.ts';
import { type Change, unionOf } from '../../machines/merge/rules/change.ts';
import { type SideMeta, sidesOf } from '../../machines/merge/sides.ts';
import { cleanerInPieces, cleanJson } from '../../machines/merge/values/cleanJson.ts';
import { atOnce, Work } from '../../machines/vocabulary/pieces.ts';

/** A law of merges. */
export type MergeLaw =
  /** The merge ends without throwing, whatever it is given. */
  | 'total'
  /** The merge changes nothing that it is given. */
  | 'pure'
  /** The same merge again gives the same. */
  | 'repeatable'
  /** Any order of the sides gives the same bytes. */
  | 'commutative'
  /** Any grouping of the changes gives the same bytes. */
  | 'associative'
  /** A side that is delivered again changes nothing. */
  | 'idempotent'
  /** A side that changed nothing changes nothing. */
  | 'identity'
  /** Two sides with the same value give that value. Not checked for an entity with a counter, which adds them up. */
  | 'agreement'
  /** Everything that a side wrote is in the value, the review or the audit. */
  | 'conservation';

export interface MergeCase {
  readonly base: unknown;
  readonly sides: readonly { readonly value: unknown; readonly meta: SideMeta }[];
  readonly nowMs: number;
}

/** Returns the laws that a merge by these rules breaks. */
export function lawsBrokenBy(rules: EntityRules, one: MergeCase): readonly MergeLaw[] {
  const { base, sides, nowMs } = one;
  const before = JSON.stringify(one);
  deepFreeze(one);
  const merge = (these: MergeCase['sides']) => mergeEntity(rules, base, these, nowMs);
  let merged: Merged;
  try {
    merged = merge(sides);
  } catch {
    return ['total'];
  }
  const text = JSON.stringify(merged);
  const broken: MergeLaw[] = [];
  const hold = (law: MergeLaw, isHeld: () => boolean) => {
    try {
      if (!isHeld()) broken.push(law);
    } catch {
      broken.push(law);
    }
  };
  hold('repeatable', () => JSON.stringify(merge(sides)) === text);
  hold('pure', () => JSON.stringify(one) === before && !('polluted' in {}));
  hold('commutative', () =>
    rotations(sides).every((order) => JSON.stringify(merge(order)) === text),
  );
  hold('associative', () =>
    groupings(rules, one).every((changes) => {
      const known = cleanJson(base) ?? null;
      const apart = project(rules, known === null ? undefined : known, changes);
      return JSON.stringify(apart) === text;
    }),
  );
  hold('idempotent', () => JSON.stringify(merge([...sides, ...sides.slice(0, 1)])) === text);
  hold('identity', () => {
    const idle = { value: base, meta: { actor: '~idle', hlc: { ms: nowMs, c: 0 } } };
    return JSON.stringify(merge([...sides, idle])) === text;
  });
  hold(
    'agreement',
    () =>
      rules.fields.isSum === true ||
      sides.every(({ value, meta }) => {
        const alone = merge([{ value, meta }]);
        const echo = { value, meta: { ...meta, actor: `${meta.actor}~` } };
        return JSON.stringify(merge([{ value, meta }, echo]).value) === JSON.stringify(alone.value);
      }),
  );
  hold('conservation', () => lostIn(rules, one, merged).length === 0);
  return broken;
}

/** Groups the changes of a case in several ways. */
function groupings(
  rules: EntityRules,
  { base, sides, nowMs }: MergeCase,
): readonly (readonly Change[])[] {
  const clean = cleanerInPieces((name) => rules.leavesOut.has(name), new Work());
  const { value: known = null } = atOnce(clean(base));
  const sets = atOnce(sidesOf(sides, nowMs, clean)).map((side) =>
    atOnce(changesInSteps(rules, known === null ? undefined : known, side)),
  );
  const union = (...some: (readonly Change[])[]) => atOnce(unionOf(some, new Work()));
  const left = sets.reduce<readonly Change[]>((all, set) => union(all, set), []);
  const right = sets.toReversed().reduce<readonly Change[]>((all, set) => union(set, all), []);
  const halves = [sets.filter((_, at) => at % 2 === 0), sets.filter((_, at) => at % 2 === 1)];
  return [left, right, union(...halves.map((half) => union(...half, ...half)))];
}

function rotations<T>(all: readonly T[]): readonly (readonly T[])[] {
  const turned = all.map((_, at) => [...all.slice(at), ...all.slice(0, at)]);
  return [...turned, ...turned.map((order) => order.toReversed())];
}

function deepFreeze(value: unknown): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== 'object' || one === null || Object.isFrozen(one)) continue;
    Object.freeze(one);
    open.push(...Object.values(one));
  }
}
