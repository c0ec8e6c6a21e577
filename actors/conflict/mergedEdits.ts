/**
 * Records with the edits that wait for them merged in, kept from one look to the next: an edit is merged when it is
 * new, or when something before it has changed, and not at each look (CF-1).
 *
 * @module
 */

import type { EntityRecord } from '../../machines/conflict/entityRecord.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import { type Pieces, stepsOf, Work } from '../../machines/vocabulary/pieces.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import type { Handler } from '../operation/handler.ts';
import type { Slices } from '../platform/slices.ts';

/** An edit that the upstream has not taken. */
export interface WaitingEdit {
  readonly id: string;
  readonly seq: number;
  readonly context: WorkContext;
  readonly handler: Handler;
  /** Body of the edit as it is kept. */
  readonly text: string;
  /** A person is asked what becomes of it. */
  readonly isConflicted: boolean;
}

/** A record with one edit merged in. */
export interface MergedEdit {
  readonly record: EntityRecord;
  /** Whether the rules ask a person about that. */
  readonly isAsked: boolean;
}

/** Merges one edit into what is known, with those before it. */
export type MergeOne = (record: EntityRecord | null, edit: WaitingEdit) => Promise<MergedEdit>;

/** A record with all of them merged in. */
export interface MergedEdits {
  readonly record: EntityRecord | null;
  readonly isAsked: boolean;
}

interface Step extends MergedEdit {
  readonly text: string;
  readonly before: EntityRecord | null;
}

/** All steps of a record, by their edit. */
interface Steps {
  readonly byId: ReadonlyMap<string, Step>;
  /** Length of their texts, in characters. */
  readonly length: number;
}

/** Most characters of the texts of all edits that are kept merged; what was looked at longest ago makes way. */
const LENGTH_MAX = 8 * 1_048_576;

export class EditsMerged {
  readonly #mergeOne: MergeOne;
  readonly #slices: Slices;
  /** By record, what was looked at last at the end. */
  readonly #kept = new Map<string, Steps>();
  #length = 0;

  constructor(mergeOne: MergeOne, slices: Slices) {
    this.#mergeOne = mergeOne;
    this.#slices = slices;
  }

  /**
   * What a record comes to with these edits, in their order. For one record it is called again once it has resolved.
   */
  async over(
    entity: Entity,
    record: EntityRecord | null,
    waiting: readonly WaitingEdit[],
  ): Promise<MergedEdits> {
    const key = entityKey(entity) ?? '';
    const kept = this.#kept.get(key)?.byId;
    const steps = new Map<string, Step>();
    let seen = record;
    let isAsked = false;
    let length = 0;
    for (const edit of waiting) {
      const before = seen;
      const known = kept?.get(edit.id);
      let step = known;
      const isKept =
        known?.text === edit.text && (await this.#slices.done(isAlike(known.before, before)));
      if (!isKept) {
        const merged = await this.#mergeOne(before, edit);
        // It comes to the same as before its text changed: then so does all that follows.
        const isSame =
          known !== undefined && (await this.#slices.done(isAlike(known.record, merged.record)));
        const after = isSame ? known.record : merged.record;
        step = { text: edit.text, before, record: after, isAsked: merged.isAsked };
      }
      if (step === undefined) continue;
      steps.set(edit.id, step);
      length += edit.text.length;
      isAsked ||= step.isAsked;
      seen = step.record;
    }
    this.#keep(key, { byId: steps, length });
    return { record: seen, isAsked };
  }

  /** Nothing of a record is kept any more. */
  forget(entity: Entity): void {
    this.#drop(entityKey(entity) ?? '');
  }

  #keep(key: string, steps: Steps): void {
    this.#drop(key);
    if (steps.byId.size === 0 || steps.length > LENGTH_MAX) return;
    this.#kept.set(key, steps);
    this.#length += steps.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#length <= LENGTH_MAX) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#length -= this.#kept.get(key)?.length ?? 0;
    this.#kept.delete(key);
  }
}

/**
 * Whether edits come to the same over both: all that a merge and the next edit's ancestor are made of. Versions and
 * vectors, which change when an edit before them arrives, are not among it.
 */
function* isAlike(one: EntityRecord | null, other: EntityRecord | null): Pieces<boolean> {
  if (one === other) return true;
  if (one === null || other === null) return false;
  return yield* isEqual(meaningOf(one), meaningOf(other));
}

function meaningOf({ current, isGone, ancestor, others, tombstones }: EntityRecord): unknown {
  const held =
    current === null
      ? null
      : [current.value, current.version === null, current.isVerified, current.asOfMs];
  const removed = tombstones.map(({ tombstone }) => tombstone);
  return [held, isGone, ancestor, others, removed, current?.meta?.tombstones ?? []];
}

/** Whether two values are equal, whatever the order of their fields. A field that is undefined is none. */
export function* isEqual(one: unknown, other: unknown): Pieces<boolean> {
  const work = new Work();
  const left: (readonly [unknown, unknown])[] = [[one, other]];
  for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
    const [first, second] = pair;
    if (work.isDue(typeof first === 'string' ? stepsOf(first) : 1)) yield;
    if (first === second) continue;
    if (typeof first !== 'object' || typeof second !== 'object') return false;
    if (first === null || second === null) return false;
    if (Array.isArray(first) !== Array.isArray(second)) return false;
    const [fields, others] = [fieldsOf(first), fieldsOf(second)];
    if (fields.length !== others.length) return false;
    for (const [name, value] of fields) {
      if (!Object.hasOwn(second, name)) return false;
      left.push([value, (second as Readonly<Record<string, unknown>>)[name]]);
    }
  }
  return true;
}

function fieldsOf(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).filter(([, field]) => field !== undefined);
}
