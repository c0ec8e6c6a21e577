/**
 * What becomes of a conflict by what a person decides: their choices put into the record, and a decision taken back
 * (CF-6). Pure: who may decide, and what is then sent, others know.
 *
 * @module
 */

import type { EntityRules } from '../merge/declaration/entityRules.ts';
import type { ReviewItem } from '../merge/rules/ruling.ts';
import { isList, isObject, isSame } from '../merge/values/canonical.ts';
import { cleanerInPieces } from '../merge/values/cleanJson.ts';
import { HoldfastError } from '../vocabulary/errors.ts';
import { type Pieces, Work } from '../vocabulary/pieces.ts';
import type { Confirmation } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import type { Person } from '../vocabulary/subject.ts';
import {
  type ConflictChoice,
  type ConflictDecided,
  type ConflictRecord,
  isToBeCarriedOut,
} from './conflictRecord.ts';
import { valueAt, withValueAt } from './items.ts';

/** Where nothing could be merged. */
const UNMERGED: ReadonlySet<ConflictRecord['reason']> = new Set(['mergeFailed', 'unreadable']);

/** What a person decides: each question, or the whole record at once. */
export interface ConflictDecision {
  readonly by: Person;
  /**
   * By the id of the question, its path, or its number, from 1. Every question needs one, unless a whole record is
   * given.
   */
  readonly choices?: Readonly<Record<string, ConflictChoice>> | undefined;
  /** The whole record, in place of all of it. */
  readonly value?: Json | undefined;
  /**
   * The side of this number, from 1: each question is answered with what that side has there, and what no question is
   * about stays. Where nothing could be merged, the whole record is what is asked about.
   */
  readonly side?: number | undefined;
}

/** The rule by which a person is asked about a record that its upstream has no more. */
export const ABSENCE = 'absence';

/** Rules that are ruled as one value though they are several fields. */
const OF_SEVERAL_FIELDS: ReadonlySet<string> = new Set(['together', 'provider snapshot']);

/**
 * The record of the conflict with the decision in it; nothing of it is carried out yet. In pieces, since it is for a record
 * of any size.
 *
 * @param rules of its entity: fields that follow from others are computed anew
 * @throws HoldfastError `HF_CONFLICT_RESOLVED`; `HF_OPTION_INVALID` naming what is missing or can't be.
 */
export function* decided(
  record: ConflictRecord,
  decision: ConflictDecision &
    Pick<ConflictDecided, 'atMs'> &
    Partial<Pick<ConflictDecided, 'nonce'>> & {
      /** Other devices know that it is asked: a decision goes out though it changes nothing, so that they hear of it. */
      readonly isTold?: boolean;
    },
  rules: EntityRules,
): Pieces<ConflictRecord> {
  if (record.state === 'resolved') throw alreadyResolved(record);
  const { by, atMs, nonce = '', value, side } = decision;
  const before = record.value;
  const isWhole = value !== undefined || side !== undefined;
  if (isWhole && (decision.choices !== undefined || (value !== undefined && side !== undefined))) {
    throw unusable('choices', 'or value or side: give one of them');
  }
  const choices = isWhole ? {} : choicesOf(record, decision.choices ?? {});
  const after = yield* withComputed(rules, yield* chosen(record, decision, choices), before);
  if (after === null && !mayBeNone(record)) throw notNone();
  const entry: ConflictDecided = {
    ...{ kind: 'resolved', by, atMs, nonce, before, after, operationId: null },
    // What waits goes on whatever was decided; what went out is sent again only where it is another.
    isCarriedOut: !record.isHeld && decision.isTold !== true && isSame(before, after),
    choices,
  };
  return { ...record, state: 'resolved', decisions: [...record.decisions, entry] };
}

/** A merged record, and what is asked about it. */
interface Asked {
  readonly value: Json;
  readonly review: readonly ReviewItem[];
}

/**
 * What the person who made an edit has confirmed in it, as decisions: the questions about a place that they named, and
 * about what is below it, are answered with what the edit says. A question about what somebody else wrote stays, also
 * where nobody knows who that was.
 *
 * @param edit the device it was made on, and when
 */
export function* confirmedBy(
  { value, review }: Asked,
  confirm: readonly Confirmation[],
  edit: {
    readonly device: string;
    readonly atMs: number;
    /** Whether somebody else has written this there since. */
    readonly isOthers: (path: string, value: Json) => boolean;
  },
  rules: EntityRules,
): Pieces<Asked & { readonly decisions: readonly ConflictDecided[] }> {
  const { device, atMs, isOthers } = edit;
  let left = review.filter((item) => item.rule !== ABSENCE);
  let standing = value;
  const decisions: ConflictDecided[] = [];
  for (const { path, by } of confirm) {
    const items = left.filter(
      (item) =>
        (item.path === path || item.path.startsWith(`${path}/`)) &&
        item.alternatives.every(
          ({ actor, value: one }) =>
            actor === device || (actor === null && !isOthers(item.path, one)),
        ),
    );
    if (items.length === 0) continue;
    const choices: Record<string, ConflictChoice> = {};
    let after = standing;
    for (const item of items.toSorted((one, other) => depthOf(one) - depthOf(other))) {
      const take = item.alternatives.findIndex(({ actor }) => actor === device) + 1;
      choices[item.id] = { take };
      after = yield* withChoice(after, item, { take });
    }
    const before = standing;
    standing = yield* withComputed(rules, after, before);
    decisions.push({
      ...{ kind: 'resolved', by: { id: by }, atMs, nonce: '', choices, before, after: standing },
      ...{ isCarriedOut: true, operationId: null },
    });
    left = left.filter((item) => !items.includes(item));
  }
  const isLeft = (item: ReviewItem): boolean => item.rule === ABSENCE || left.includes(item);
  return { value: standing, review: review.filter(isLeft), decisions };
}

/**
 * The record of the conflict with its last decision taken back. One that nothing carries yet is as if it had not been
 * made; any other is followed by another change, which puts back what was before.
 *
 * @throws HoldfastError `HF_CONFLICT_OPEN` where nobody has decided, `HF_CONFLICT_RESOLVED` where that is undone.
 */
export function undone(
  record: ConflictRecord,
  by: Person,
  atMs: number,
  nonce = '',
): ConflictRecord {
  const last = record.decisions.at(-1);
  if (last === undefined || record.state !== 'resolved') throw notDecided();
  if (last.kind === 'undone') {
    throw new HoldfastError(
      'HF_CONFLICT_RESOLVED',
      `What was decided of that conflict is undone already, by ${last.by.id}. Nothing was changed.`,
      { field: 'id' },
    );
  }
  const isTakenBack = isToBeCarriedOut(record);
  const entry: ConflictDecided = {
    ...{ kind: 'undone', by, atMs, nonce, choices: {}, operationId: null },
    before: last.after,
    after: last.before,
    isCarriedOut: isTakenBack || isSame(last.before, last.after),
  };
  return {
    ...record,
    state: isTakenBack ? openStateOf(record) : 'resolved',
    decisions: [...record.decisions, entry],
  };
}

/**
 * The record of the conflict whose last decision is carried out by this operation; `null` where nothing had to be
 * sent, or what waited for the decision is gone.
 */
export function carriedOut(record: ConflictRecord, operationId: string | null): ConflictRecord {
  const last = record.decisions.at(-1);
  if (last === undefined) return record;
  const entry = { ...last, isCarriedOut: true, operationId };
  return { ...record, decisions: [...record.decisions.slice(0, -1), entry] };
}

/**
 * The record of the conflict whose last decision is refused for good: the question is open again, about what was in
 * force before that decision. As it is where another decision was made since, or none is in the way.
 *
 * @param why a code of holdfast, or how the operation ended that carried it
 */
export function refused(
  record: ConflictRecord,
  why: string,
  operationId: string | null = null,
): ConflictRecord {
  const last = record.decisions.at(-1);
  if (record.state !== 'resolved' || last === undefined) return record;
  if (last.operationId !== operationId) return record;
  return {
    ...record,
    state: openStateOf(record),
    value: last.before,
    decisions: [...record.decisions.slice(0, -1), { ...last, refusedFor: why }],
  };
}

type Choices = Readonly<Record<string, ConflictChoice>>;

/** By the id of each question, however it was named. */
function choicesOf({ items }: ConflictRecord, given: Choices): Choices {
  const choices: Record<string, ConflictChoice> = {};
  for (const [name, choice] of Object.entries(given)) {
    const byPath = items.filter(({ path }) => path === name);
    const item = items.find(({ id }, at) => id === name || String(at + 1) === name) ?? byPath[0];
    // Nothing of what was given is repeated: a path may hold what the record holds.
    if (item === undefined) {
      const which = items.length === 0 ? 'it has none' : `by its number it is 1 to ${items.length}`;
      throw unusable('choices', `names a question that this conflict does not have; ${which}`);
    }
    if (byPath.length > 1) {
      throw unusable('choices', 'names a path that several questions have: name them by number');
    }
    if (choices[item.id] !== undefined) {
      throw unusable('choices', 'answers one question twice');
    }
    choices[item.id] = choice;
  }
  const missing = items.flatMap(({ id }, at) => (choices[id] === undefined ? [at + 1] : []));
  if (missing.length > 0) {
    throw unusable(
      'choices',
      `needs an answer to each question, and has none to number ${missing.join(', ')}: take an alternative by its number, or 0 for what stands now`,
    );
  }
  return choices;
}

function* chosen(
  record: ConflictRecord,
  { value, side }: ConflictDecision,
  choices: Choices,
): Pieces<Json> {
  if (value !== undefined) return yield* cleaned(value);
  if (side !== undefined) return sideOf(record, side);
  let whole = record.value;
  for (const item of fromTheTop(record.items)) {
    const choice = choices[item.id];
    if (choice !== undefined) whole = yield* withChoice(whole, item, choice);
  }
  return whole;
}

function* withChoice(whole: Json, item: ReviewItem, choice: ConflictChoice): Pieces<Json> {
  if ('value' in choice) return withValueAt(whole, item.path, yield* cleaned(choice.value));
  const { take } = choice;
  if (take === 0) return whole;
  const alternative = Number.isInteger(take) ? item.alternatives[take - 1] : undefined;
  if (alternative === undefined) {
    const many = item.alternatives.length;
    throw unusable('choices', `takes an alternative of a question by its number, 0 to ${many}`);
  }
  return withAnswer(whole, item, alternative.value);
}

function withAnswer(whole: Json, item: ReviewItem, value: Json): Json {
  const current = valueAt(whole, item.path);
  if (!OF_SEVERAL_FIELDS.has(item.rule) || !isObject(value) || !isObject(current)) {
    return withValueAt(whole, item.path, value);
  }
  // Fields of the group that this version does not have go with the others of it.
  const ofGroup = new Set(
    item.alternatives.flatMap((one) => (isObject(one.value) ? Object.keys(one.value) : [])),
  );
  const apart = Object.entries(current).filter(([name]) => !ofGroup.has(name));
  const taken = Object.entries(value).filter(([name]) => ofGroup.has(name));
  return withValueAt(whole, item.path, Object.fromEntries([...apart, ...taken]));
}

function sideOf({ sides, items, value: merged }: ConflictRecord, side: number): Json {
  const taken = Number.isInteger(side) ? sides[side - 1] : undefined;
  if (taken === undefined)
    throw unusable('side', `must be the number of a side, 1 to ${sides.length}`);
  // Without a question at a place of its own, the whole record is in question.
  if (items.length === 0) return taken.value;
  let whole = merged;
  for (const item of fromTheTop(items)) {
    const answer = valueAt(taken.value, item.path);
    if (answer !== undefined) whole = withAnswer(whole, item, answer);
    // A field that the side does not have is not known to it; an item that it does not have is what is asked about.
    else if (isItem(whole, item.path)) whole = withValueAt(whole, item.path, null);
  }
  return whole;
}

/** What is further down is put into what was chosen above it. */
function fromTheTop(items: readonly ReviewItem[]): readonly ReviewItem[] {
  return items.toSorted((one, other) => depthOf(one) - depthOf(other));
}

/** Whether a path leads to an item of a list. */
function isItem(record: Json, path: string): boolean {
  return isList(valueAt(record, path.slice(0, path.lastIndexOf('/'))));
}

/** The value with what follows from other fields computed, and without what is never kept. */
export function* withComputed(rules: EntityRules, value: Json, before: Json): Pieces<Json> {
  const clean = yield* cleaned(value, (name) => rules.leavesOut.has(name));
  if (!isObject(clean)) return clean;
  const follows = rules.computes(clean, [], isObject(before) ? before : undefined);
  const whole = yield* cleaned({ ...clean, ...follows });
  return isSame(whole, before) ? before : whole;
}

/** A copy as it may be kept; `null` for what JSON can't hold. */
function* cleaned(
  value: unknown,
  isLeftOut: (name: string) => boolean = () => false,
): Pieces<Json> {
  const { value: copy } = yield* cleanerInPieces(isLeftOut, new Work())(value);
  return copy ?? null;
}

/** What it was before anybody decided. */
function openStateOf({ reason }: ConflictRecord): ConflictRecord['state'] {
  return UNMERGED.has(reason) ? 'quarantined' : 'awaitingReview';
}

/** Whether the upstream has it no more, and the edit that would make it again waits. */
function mayBeNone({ isHeld, items }: ConflictRecord): boolean {
  return isHeld && items.some(({ rule }) => rule === ABSENCE);
}

function notNone(): HoldfastError {
  return unusable(
    'value',
    'must be a record: an edit removes none. Where it is to go, remove it by an operation of your own',
  );
}

function depthOf({ path }: ReviewItem): number {
  return path.split('/').length;
}

function unusable(field: string, rule: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `${field} ${rule}.`, { field });
}

function alreadyResolved(record: ConflictRecord): HoldfastError {
  const last = record.decisions.at(-1);
  const how = last === undefined ? 'and nobody has to decide it' : `by ${last.by.id}`;
  return new HoldfastError(
    'HF_CONFLICT_RESOLVED',
    `That conflict is resolved already, ${how}. Nothing was changed.`,
    { field: 'id' },
  );
}

function notDecided(): HoldfastError {
  return new HoldfastError(
    'HF_CONFLICT_OPEN',
    'Nobody has decided that conflict, so there is nothing to undo. Nothing was changed.',
    { field: 'id' },
  );
}
