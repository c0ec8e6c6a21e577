/**
 * Conflicts about records of the app, as a runtime offers them: what waits for a person, and what a person decides
 * (CF-6). Made of the calls, so it is the same over a running process and a store at rest.
 *
 * @module
 */

import type { ConflictChoice } from '../../../machines/conflict/conflictRecord.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import { checkFields, requireOption } from '../../../machines/vocabulary/optionFields.ts';
import { isObject } from '../../../machines/vocabulary/optionRules.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import type { Caller } from '../call/managementCall.ts';
import { aboutConflict } from './about.ts';
import type { Conflict, ConflictAbout, ConflictDetails, ConflictOutcome } from './conflict.ts';
import { CONFLICT_FILTER_RULES, type ConflictFilter } from './filter.ts';
import { pageOfConflicts } from './page.ts';
import { type ConflictPreview, previewConflict } from './preview.ts';
import { resolveConflict } from './resolve.ts';
import { showConflict } from './show.ts';
import { undoConflict } from './undo.ts';

/** What a person decides: each question, or the whole record at once. */
export interface ConflictResolution {
  /** Whom the app has made sure of: an id of your own, and their role. Kept with the conflict. */
  readonly by: Person;
  /**
   * By the id of each question, its path, or its number, from 1: `{ take: 2 }` for its second alternative,
   * `{ take: 0 }` for what stands already, or `{ value }` for one of their own. Every question needs an answer.
   */
  readonly choices?: Readonly<Record<string, ConflictChoice>> | undefined;
  /** The whole record, in place of choices. */
  readonly value?: Json | undefined;
  /** What the side of this number, from 1, has wherever something is asked; what nothing is asked about stays. */
  readonly side?: number | undefined;
}

/** What a runtime offers. */
export interface Conflicts {
  /**
   * Those that match, the newest first: without a filter those that wait for a person. Reads a page at a time.
   *
   * @example
   * for await (const { id, entityType, questions, isHeld } of runtime.conflicts.list()) {
   *   console.log(id, entityType, questions, isHeld);
   * }
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`, `HF_CLOSED`.
   */
  list(filter?: ConflictFilter): AsyncIterable<Conflict>;
  /**
   * One with all that is needed to decide it: both sides, what is in use meanwhile, and each question with its
   * alternatives. It may hold health data: show it to whom the app allows, and log nothing of it.
   *
   * @example
   * const { value, asked } = await runtime.conflicts.show(id);
   * for (const { number, path, says, alternatives } of asked) console.log(number, path, says, alternatives.length);
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`; `HF_RECORD_…` where it can't be opened.
   */
  show(id: string): Promise<ConflictDetails>;
  /**
   * One without what the record holds: whom it is about, who wrote and when, and who decided.
   *
   * @example
   * const { subject, entity, decisions } = await runtime.conflicts.about(id);
   *
   * @throws HoldfastError (rejects) as {@link show}.
   */
  about(id: string): Promise<ConflictAbout>;
  /**
   * What the record would be by a decision, which is not made.
   *
   * @example
   * const { before, after } = await runtime.conflicts.preview(id, {
   *   by: { id: 'staff-7', role: 'clinician' },
   *   choices: { 1: { take: 2 }, 2: { take: 0 } },
   * });
   *
   * @throws HoldfastError (rejects) as {@link resolve}.
   */
  preview(id: string, resolution: ConflictResolution): Promise<ConflictPreview>;
  /**
   * Decides it. Resolves once that is on disk: an edit that waits for it goes on with what was decided, and what
   * went out already is followed by another edit. Who, when, and what was before stay with the conflict.
   *
   * @example
   * await runtime.conflicts.resolve(id, {
   *   by: { id: 'staff-7', role: 'clinician' },
   *   choices: { '/emergencyContacts/c1/name': { take: 1 }, 2: { take: 0 } },
   * });
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`; `HF_CONFLICT_RESOLVED` where it is decided;
   * `HF_OPTION_INVALID` for a question without an answer, or an answer that there is not; for values of their own
   * what `sync()` throws for a payload; `HF_STORE_…`, `HF_CLOSED`: it may hold or not, look again.
   */
  resolve(id: string, resolution: ConflictResolution): Promise<ConflictOutcome>;
  /**
   * Takes back what was decided: what was sent is followed by an edit that puts back what was before, and what was
   * not is open again. Nothing that was written is erased.
   *
   * @example
   * await runtime.conflicts.undo(id, { by: { id: 'staff-7', role: 'clinician' } });
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`, `HF_CONFLICT_OPEN` where nobody has decided,
   * `HF_CONFLICT_RESOLVED` where that is undone, `HF_STORE_…`, `HF_CLOSED`.
   */
  undo(id: string, how: { readonly by: Person }): Promise<ConflictOutcome>;
}

/** Conflicts by the calls that `caller` carries. */
export function conflicts(caller: Caller): Conflicts {
  return {
    async *list(filter = {}) {
      checkFields(filter, CONFLICT_FILTER_RULES, 'filter');
      for (let fromSeq: number | undefined; ; ) {
        const page = await caller.call(pageOfConflicts, { filter, order: 'newest', fromSeq });
        yield* page.conflicts;
        if (page.nextSeq === null) return;
        fromSeq = page.nextSeq;
      }
    },
    show: (id) => caller.call(showConflict, { id }),
    about: (id) => caller.call(aboutConflict, { id }),
    async preview(id, resolution) {
      requireOption(isObject(resolution), 'resolution', 'must be an object');
      return await caller.call(previewConflict, { ...resolution, id });
    },
    async resolve(id, resolution) {
      requireOption(isObject(resolution), 'resolution', 'must be an object');
      return await caller.call(resolveConflict, { ...resolution, id });
    },
    undo: (id, how) => caller.call(undoConflict, { ...how, id }),
  };
}
