/**
 * Open questions about a record, as they travel in its metadata from store to store (CF-6): a set to which each store
 * adds, and from which a decision takes, with the same result in whatever order its versions meet.
 *
 * A question that one version lists and another does not was closed by whoever made the other, if that one had seen the
 * body that brought the question; else it has only not heard of it. So no list of closed questions has to travel.
 *
 * @module
 */

import { countOf } from '../merge/clock/hybridClock.ts';
import type { EntityRules } from '../merge/declaration/entityRules.ts';
import { sha256 } from '../merge/values/sha256.ts';
import type { MergedBody } from '../policy/request/requestBody.ts';
import type { CarriedQuestion, RecordMeta, VersionVector } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import { type ConflictRecord, isOpen, isToBeCarriedOut } from './conflictRecord.ts';
import { pointersIn } from './items.ts';

/** Questions that are open, by what of each device was seen. */
export interface Questions {
  readonly asks?: readonly CarriedQuestion[] | undefined;
  readonly vv: VersionVector;
}

/** What is open by what two have seen. */
export function joinQuestions(one: Questions, other: Questions): readonly CarriedQuestion[] {
  const open = new Map<string, CarriedQuestion>();
  for (const [ours, theirs] of [
    [one, other],
    [other, one],
  ] as const) {
    const listed = new Set((theirs.asks ?? []).map(nameOf));
    for (const question of ours.asks ?? []) {
      const isUnseen = countOf(theirs.vv, question.by) < question.count;
      if (isUnseen || listed.has(nameOf(question))) open.set(nameOf(question), question);
    }
  }
  return [...open.values()].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** The ids of questions that were open before and are not any more. */
export function closedBetween(
  before: readonly CarriedQuestion[],
  after: readonly CarriedQuestion[],
): readonly string[] {
  const open = new Set(after.map(({ id }) => id));
  return [...new Set(before.map(({ id }) => id))].filter((id) => !open.has(id));
}

/** So many questions travel with a record. One more waits in its own store until there is room. */
const CARRIED_MAX = 32;

/** What a store makes of the questions of a record when it sends a version. */
export interface QuestionsHere {
  /** The name of this store in vectors. */
  readonly device: string;
  /** Conflicts about the record that are kept here, decided or not. */
  readonly conflicts: readonly ConflictRecord[];
  /** The conflict that this edit carries the decision of. */
  readonly decides: string | undefined;
}

/** What is sent, with the questions that are open once it has arrived. */
export function withQuestions(merged: MergedBody, here: QuestionsHere): MergedBody {
  const { device, conflicts, decides } = here;
  const { asks: heard = [], ...meta } = merged.meta;
  const asked = conflicts.filter(({ state }) => state === 'awaitingReview');
  // One that was decided may be open again by now.
  const over = new Set([decides, ...conflicts.filter(isOver).map(({ id }) => id)]);
  for (const { id } of asked) over.delete(id);
  let asks = heard.filter(({ id }) => !over.has(id));
  const count = countOf(meta.vv, device);
  for (const conflict of asked) {
    if (asks.length >= CARRIED_MAX) break;
    const { id, items, isHeld, carried, type } = conflict;
    if (carried !== undefined || isHeld || items.length === 0) continue;
    const paths = items.map(({ path }) => carriedPath(path));
    const from = writersOf(conflict);
    const listed = asks.filter((one) => one.id === id);
    // One that joined what another device asks is told with whose words it is about by now.
    if (listed.some((one) => hasAll(one.from, from) && hasAll(one.paths, paths))) continue;
    asks = asks.filter((one) => one.id !== id);
    asks.push({
      ...{ id, by: device, count, type },
      paths: sortedOf(
        listed.flatMap((one) => one.paths),
        paths,
      ),
      from: sortedOf(
        listed.flatMap((one) => one.from),
        from,
      ),
    });
  }
  const sorted = asks.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const next: RecordMeta = { ...meta, ...(sorted.length === 0 ? {} : { asks: sorted }) };
  return { ...merged, meta: next };
}

/** Nobody is asked any more, and no edit is on its way that says so. */
function isOver(conflict: ConflictRecord): boolean {
  if (isOpen(conflict) || isToBeCarriedOut(conflict)) return false;
  return (conflict.decisions.at(-1)?.operationId ?? null) === null;
}

/** The devices whose words somebody is asked about. */
function writersOf({ items }: ConflictRecord): readonly string[] {
  const writers = items.flatMap(({ alternatives }) =>
    alternatives.flatMap(({ actor }) => actor ?? []),
  );
  return sortedOf(writers);
}

function hasAll(names: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((name) => names.includes(name));
}

function sortedOf(...names: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(names.flat())].toSorted().slice(0, CARRIED_MAX);
}

/** What an item of a list or a field may be called where that is no word of the record's. */
const NAME = /^[\w.:@-]{1,64}$/;
/** Stands before a hash of 128 bits: no pointer has such a part. */
const HASH = '/~#';
const HASH_LENGTH = 32;

/** A path with nothing in it that could be a word of the record's. */
export function carriedPath(path: string): string {
  const parts = path.split('/');
  const words = parts.findIndex((part, at) => at > 0 && !NAME.test(part));
  if (words === -1) return path;
  return `${parts.slice(0, words).join('/')}${HASH}${sha256(path).slice(0, HASH_LENGTH)}`;
}

/** The path in a record that a carried one stands for; the carried one where the record has none. */
export function pathIn(rules: EntityRules, record: Json, carried: string): string {
  if (!carried.includes(HASH)) return carried;
  for (const path of pointersIn(rules, record)) if (carriedPath(path) === carried) return path;
  return carried;
}

function nameOf({ id, by, count }: CarriedQuestion): string {
  return `${id}\n${by}\n${count}`;
}
