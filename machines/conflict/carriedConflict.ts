/**
 * What a store keeps of a question that came with a record: which device asks, and the words of this store that the
 * record does not hold any more (CF-6).
 *
 * @module
 */

import type { EntityRules } from '../merge/declaration/entityRules.ts';
import type { Alternative, ReviewItem } from '../merge/rules/ruling.ts';
import { canonical, isSame } from '../merge/values/canonical.ts';
import { sha256 } from '../merge/values/sha256.ts';
import type { CarriedQuestion, Current } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import { pathIn } from './carriedQuestions.ts';
import { type ConflictRecord, type ConflictSide, nextConflictId } from './conflictRecord.ts';
import type { EntityRecord } from './entityRecord.ts';
import { valueAt } from './items.ts';
import { UPSTREAM } from './recordNews.ts';

/** What this store looks at a question by. */
export interface Hearer {
  readonly device: string;
  readonly rules: EntityRules;
  readonly nowMs: number;
}

export interface CarriedConflict {
  readonly conflict: ConflictRecord;
  /** Words of this store were displaced: it keeps them until the question is closed. */
  readonly isDisplaced: boolean;
}

/**
 * The question as this store keeps it.
 *
 * @param before what was known of the record before the question came; `null` for nothing
 */
export function carriedConflict(
  question: CarriedQuestion,
  before: EntityRecord | null,
  after: EntityRecord,
  { device, rules, nowMs }: Hearer,
): CarriedConflict {
  const { id, by, from, type } = question;
  const now = after.current;
  const value = now?.value ?? null;
  const known = before?.current ?? null;
  const standing = sideOf(now, device);
  const earlier = sideOf(known, device);
  const items = question.paths.map((carried): ReviewItem => {
    const path = pathIn(rules, known?.value ?? value, carried);
    const alternatives: Alternative[] = [];
    for (const side of [earlier, standing]) {
      const said = side === null ? undefined : valueAt(side.value, path);
      const isNew = said !== undefined && !alternatives.some((one) => isSame(one.value, said));
      if (isNew)
        alternatives.push({ value: said, actor: side?.who ?? null, atMs: side?.atMs ?? null });
    }
    return {
      id: sha256(canonical([id, path])).slice(0, 32),
      ...{ path, rule: 'asked elsewhere', reason: `${by} asks about it`, alternatives },
    };
  });
  const areWordsHere = items.some(({ alternatives }) => alternatives.length > 1);
  const sides = [...(areWordsHere && earlier !== null ? [earlier] : []), standing];
  return {
    isDisplaced: areWordsHere && from.includes(device),
    conflict: {
      ...{ id, type, items, value, state: 'awaitingReview', reason: 'elsewhere', isHeld: false },
      ...{ entity: after.entity, subject: after.subject, operationId: null, openedAtMs: nowMs },
      ...{ base: null, version: now?.version ?? null, audit: [], mergeId: '', decisions: [] },
      sides: sides.flatMap((side) => side ?? []),
      carried: { by, from },
    },
  };
}

/** Whether words are kept with it that may be nowhere else. */
export function holdsWords({ carried, sides }: ConflictRecord): boolean {
  return carried === undefined || sides.length > 1;
}

/**
 * The question again, where it was decided here and elsewhere, apart from each other, and the two do not agree; `null`
 * where they do, or where both have changed the record, so that its rules ask.
 */
export function askedAgain(
  decided: ConflictRecord,
  after: EntityRecord,
  { device, nowMs }: Hearer,
): ConflictRecord | null {
  const last = decided.decisions.at(-1);
  const { current } = after;
  if (last === undefined || current === null) return null;
  const standing = sideOf(current, device);
  const items = decided.items.flatMap((item) => {
    const [before, ours, theirs] = [last.before, last.after, current.value].map(
      (value) => valueAt(value, item.path) ?? null,
    ) as [Json, Json, Json];
    const isOneSided = isSame(before, ours) || isSame(before, theirs);
    if (isSame(ours, theirs) || !isOneSided) return [];
    const alternatives: Alternative[] = [
      { value: ours, actor: device, atMs: last.atMs },
      { value: theirs, actor: standing?.who ?? UPSTREAM, atMs: standing?.atMs ?? null },
    ];
    return [{ ...item, reason: 'it was decided twice, apart', alternatives }];
  });
  if (items.length === 0) return null;
  const { carried: _, ...rest } = decided;
  const ours: ConflictSide = { who: device, atMs: last.atMs, isOurs: true, value: last.after };
  return {
    ...rest,
    ...{ id: nextConflictId(decided.id), items, state: 'awaitingReview', reason: 'conflict' },
    ...{ isHeld: false, openedAtMs: nowMs, value: current.value, version: current.version },
    ...{ operationId: last.operationId, decisions: [], audit: [] },
    sides: [ours, ...(standing === null ? [] : [standing])],
  };
}

function sideOf(current: Current | null, device: string): ConflictSide | null {
  if (current === null) return null;
  const { meta, value } = current;
  const atMs = meta?.hlc.ms ?? null;
  return { who: meta?.actor ?? UPSTREAM, atMs, isOurs: meta?.actor === device, value };
}
