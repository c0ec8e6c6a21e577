/**
 * Merges that may end the process: of large records, and by rules of the app, whose checks are its code. Each is marked
 * on disk before it begins, so that one that has ended the process so many times is left to a person, and the process
 * lives (CF-6, PS-2).
 *
 * @module
 */

import {
  type EditMerged,
  type EditNotMerged,
  type MergeQuestion,
  mergeEdit,
  mergeInSteps,
  notMerged,
} from '../../machines/conflict/mergeEdit.ts';
import { entityRulesOf, isDeclared } from '../../machines/merge/entities/rulesOf.ts';
import { stepsWithin } from '../../machines/merge/values/canonical.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeptRecords } from '../journal/keptRecords.ts';
import { Slices } from '../platform/slices.ts';

/** Times that a merge may end the process before it is given up. */
const DEATHS_MAX = 3;
/** Steps to look through it: a smaller one ends no process. */
const LARGE_STEPS = 8_192;
/** Both sides together: a smaller one takes less of a turn than waiting for more of them would. */
const SMALL_STEPS = 512;

type MergedEdit = Pick<WorkContext, 'id' | 'subject'>;

export interface MergeGuardParts {
  readonly kept: KeptRecords;
  readonly journal: Pick<Journal, 'failure'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'defer'>;
  readonly retentionMs: number;
}

export class MergeGuard {
  readonly #parts: MergeGuardParts;
  /** A crisis is answered in between, and others have their turn. */
  readonly #slices: Slices;
  /** One at a time: what ends the process is told apart, and others have the process in between. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: MergeGuardParts) {
    this.#parts = parts;
    this.#slices = Slices.of(parts.clock);
  }

  /**
   * What both sides come to; not merged where that has ended the process before.
   *
   * @param edit the operation
   * @throws HoldfastError `HF_STORE_…`, `HF_CLOSED`.
   */
  async merge(edit: MergedEdit, question: MergeQuestion): Promise<EditMerged | EditNotMerged> {
    // While nothing can be written, records can still be looked at.
    if (!isRisky(question) || this.#parts.journal.failure !== null) {
      if (!isSmall(question)) return await this.#slices.done(mergeInSteps(question));
      return await new Promise((resolve) => {
        this.#slices.work(() => {
          resolve(mergeEdit(question));
          return false;
        });
      });
    }
    const merging = this.#last.then(async () => await this.#marked(edit, question));
    this.#last = merging.catch(() => undefined);
    return await merging;
  }

  async #marked(
    { id, subject }: MergedEdit,
    question: MergeQuestion,
  ): Promise<EditMerged | EditNotMerged> {
    const { kept, clock, retentionMs } = this.#parts;
    const mark = { kind: 'keep', room: 'entity', key: `merging\0${id}`, subject } as const;
    const found = await kept.find(mark);
    const deaths = found !== null && 'text' in found ? deathsIn(found.text) : 0;
    if (deaths >= DEATHS_MAX) return notMerged(question);
    const keepUntilMs = clock.now() + retentionMs;
    await kept.commit([{ ...mark, text: String(deaths + 1), keepUntilMs }]);
    const made = await this.#slices.pieces(mergeInSteps(question));
    kept.order({ ...mark, text: null });
    return made;
  }
}

function deathsIn(text: string): number {
  const deaths = Number(text);
  return Number.isSafeInteger(deaths) ? deaths : 0;
}

function isRisky({ rules, edit, current }: MergeQuestion): boolean {
  const isOfApp = isDeclared(rules) && rules !== entityRulesOf(rules.type);
  return isOfApp || isLarge(edit.body.payload) || isLarge(current?.value ?? null);
}

function isSmall({ edit, current }: MergeQuestion): boolean {
  return stepsWithin([edit.body.payload, current?.value ?? null], SMALL_STEPS) < SMALL_STEPS;
}

function isLarge(value: Json): boolean {
  return stepsWithin(value, LARGE_STEPS) >= LARGE_STEPS;
}
