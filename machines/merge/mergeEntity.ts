/**
 * Merges changes that several devices made to one entity. The merge is the union of their changes; the value is read
 * from that union (CF-2). It never throws, changes nothing that it is given, and knows no locale and no clock:
 * `nowMs` only bounds stamps from the future.
 *
 * @module
 */

import { atOnce, Work } from '../vocabulary/pieces.ts';
import type { Json, JsonObject } from '../vocabulary/shape.ts';
import type { EntityRules, Finding } from './declaration/entityRules.ts';
import { entityRulesOf } from './entities/rulesOf.ts';
import { type Change, ChangeNotes, linesOf, nodeOf, unionOf } from './rules/change.ts';
import type { Steps } from './rules/rule.ts';
import { type AuditEntry, type ReviewItem, Ruling } from './rules/ruling.ts';
import { isAbsent, type Side, type SideMeta, sidesOf } from './sides.ts';
import { canonical, canonicalInPieces, inOrder, isObject } from './values/canonical.ts';
import { cleanerInPieces } from './values/cleanJson.ts';
import { sha256InPieces } from './values/sha256.ts';

/** Result of a merge. */
export interface Merged {
  /** Merged value, usable at once, whatever waits for a person. */
  readonly value: Json;
  /** Questions that no rule could decide safely, with all alternatives. */
  readonly review: readonly ReviewItem[];
  /** Decisions, with what they did not take. */
  readonly audit: readonly AuditEntry[];
  /** Id that is the same on every device with the same changes: SHA-256 of them and the value. */
  readonly mergeId: string;
}

/**
 * Merges the states of one entity on several devices and the server since their last common state.
 *
 * @param entity the name of an entity that holdfast knows, or rules made with `defineEntity`. What nobody has
 *   declared is merged field by field, and where devices differ both are kept and a person is asked
 * @param base the state that all of them began with; `null` when it is not known, so that nothing counts as
 *   removed
 * @param sides what each has now, and who, when, and whether an authority answers for it
 * @param nowMs the present, in milliseconds since 1970; only bounds stamps of sides that no server received
 *
 * @example
 * const { value, review } = mergeEntity('crisis_plan', base, [
 *   { value: mine, meta: { actor: 'phone', hlc: { ms: 1_790_000_000_000, c: 0 } } },
 *   { value: theirs, meta: { actor: 'tablet', hlc: { ms: 1_790_000_060_000, c: 0 } } },
 * ], Date.now());
 */
export function mergeEntity(
  entity: string | EntityRules,
  base: unknown,
  sides: readonly { readonly value: unknown; readonly meta?: SideMeta }[],
  nowMs: number,
): Merged {
  return atOnce(mergeEntityInSteps(entity, base, sides, nowMs));
}

/** {@link mergeEntity} in steps, for large records: other work may run between two steps. */
export function* mergeEntityInSteps(
  ...[entity, base, given, nowMs]: Parameters<typeof mergeEntity>
): Steps<Merged> {
  const rules = typeof entity === 'string' ? entityRulesOf(entity) : entity;
  const work = new Work();
  const clean = cleanerInPieces((name) => rules.leavesOut.has(name), work);
  const { value: known } = yield* clean(base);
  const before = isAbsent(known) ? undefined : known;
  const sides = yield* sidesOf(given, nowMs, clean);
  const changed: (readonly Change[])[] = [];
  for (const side of sides) changed.push(yield* changesInSteps(rules, before, side, work));
  const changes = yield* unionOf(changed, work);
  return yield* projectInSteps(rules, before, changes, work);
}

/** Returns the changes of a side. */
export function* changesInSteps(
  rules: EntityRules,
  base: Json | undefined,
  { value, changed = null, origin }: Side,
  work = new Work(),
): Steps<readonly Change[]> {
  const notes = new ChangeNotes(origin, changed, work);
  rules.fields.note(base, value, notes);
  return yield* notes.inPieces();
}

/** Returns the entity after a set of changes, whoever collected them and in whatever order. */
export function project(
  rules: EntityRules,
  base: Json | undefined,
  changes: readonly Change[],
): Merged {
  return atOnce(projectInSteps(rules, base, changes, new Work()));
}

function* projectInSteps(
  rules: EntityRules,
  base: Json | undefined,
  changes: readonly Change[],
  work: Work,
): Steps<Merged> {
  const ruling = new Ruling(work);
  const before = isObject(base) ? base : undefined;
  const node = yield* nodeOf(changes, work);
  let value = changes.length === 0 ? base : yield* fieldsInSteps();
  if (isObject(value)) {
    value = withFields(value, rules.computes(value, changes, before));
    value = yield* settled(rules, value, before);
  }
  const { review, audit } = yield* ruling.inOrder();
  const whole = value ?? null;
  const text = yield* canonicalInPieces(whole, work);
  const lines = yield* linesOf(changes, work);
  const mergeId = yield* sha256InPieces([`${rules.type}\n${text}\n`, ...lines], work);
  return { value: whole, review, audit, mergeId };

  function* fieldsInSteps(): Steps<Json | undefined> {
    const { fields } = rules;
    if (fields.projectInSteps === undefined) return fields.project(base, node, ruling);
    return yield* fields.projectInSteps(base, node, ruling);
  }

  /** Corrects the value where a check fails, or asks a person where it can't. */
  function* settled(
    { checks, computes }: EntityRules,
    merged: JsonObject,
    known: JsonObject | undefined,
  ): Steps<JsonObject> {
    let result = merged;
    for (const { says, find } of checks) {
      // Each check reads the whole value, and may be the app's.
      if (work.isDue(changes.length)) yield;
      const found = find(result, changes, known);
      if (found.length === 0) continue;
      const former =
        known === undefined ? [] : find(withFields(known, computes(known, [], known)), [], known);
      const told = new Set(former.map(findingName));
      for (const finding of found) {
        if (finding.put !== undefined) result = withFields(result, finding.put);
        if (told.has(findingName(finding))) continue;
        const { reason, alternatives = [], path, removedBy } = finding;
        ruling.ask(says, reason, alternatives, path, removedBy);
      }
    }
    return result;
  }
}

/** The value with these fields set. */
function withFields(value: JsonObject, put: JsonObject): JsonObject {
  const isSet = Object.keys(put).every((name) => value[name] === put[name]);
  return isSet ? value : inOrder({ ...value, ...put });
}

function findingName({ path, reason, alternatives = [] }: Finding): string {
  return canonical([path, reason, alternatives as unknown as Json]);
}
