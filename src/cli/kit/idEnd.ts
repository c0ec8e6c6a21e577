/**
 * Ids by their end. All ids of a minute begin alike, so what a person copies from a list or a log is the end of one.
 *
 * @module
 */

import { editIdOf } from '../../../machines/conflict/conflictRecord.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { pageOfConflicts } from '../../management/conflicts.ts';
import type { Caller } from '../../management/managementCall.ts';
import { listOperations } from '../../management/operations.ts';
import { quarantine } from '../../management/quarantine.ts';
import type { StoreOptions } from './storeOptions.ts';
import { withStore } from './withStore.ts';

/** Finds the whole id for the end of one; returns anything else unchanged. */
export type WholeId = (options: StoreOptions, given: string) => Promise<string>;

/** The shortest end: a shorter one too easily belongs to another id. */
const END_LENGTH_MIN = 6;
const WHOLE_LENGTH = 36;
const END = /^[\da-f-]*(?:-c\d+)?$/;
/** The most ids that an error names. */
const NAMED_MAX = 5;

export const ID_OR_END = `or its last ${END_LENGTH_MIN} characters or more`;

export const operationId = wholeId(async function* (caller, idEnd) {
  yield* operationIds(caller, { idEnd });
});

export const deadLetterId = wholeId(async function* (caller, idEnd) {
  yield* operationIds(caller, { idEnd, state: 'deadLettered' });
});

export const quarantinedId = wholeId(async function* (caller) {
  for await (const { id } of quarantine(caller).list()) yield id;
});

export const conflictId = wholeId(async function* (caller) {
  for (let fromSeq: number | null | undefined; fromSeq !== null; ) {
    const page = await caller.call(pageOfConflicts, {
      filter: { all: true },
      order: 'newest',
      fromSeq,
    });
    for (const { id } of page.conflicts) yield id;
    fromSeq = page.nextSeq;
  }
});

async function* operationIds(
  caller: Caller,
  which: { readonly idEnd: string; readonly state?: 'deadLettered' },
): AsyncGenerator<string> {
  for (let afterSeq: number | null | undefined; afterSeq !== null; ) {
    const page = await caller.call(listOperations, { ...which, order: 'newest', afterSeq });
    for (const { id } of page.views) yield id;
    afterSeq = page.nextAfterSeq;
  }
}

/** @throws HoldfastError (rejects, from what it gives) `HF_OPTION_INVALID` for an end of several ids. */
export function wholeId(idsOf: (caller: Caller, end: string) => AsyncIterable<string>): WholeId {
  return async (options, given) => {
    const end = given.toLowerCase();
    if (end.length < END_LENGTH_MIN || end.length >= WHOLE_LENGTH || !END.test(end)) return given;
    const found = await withStore(options, async (caller) => {
      const matching: string[] = [];
      for await (const id of idsOf(caller, end)) {
        // A conflict may be named by the end of its operation's id.
        if (id.endsWith(end) || editIdOf(id).endsWith(end)) matching.push(id);
        if (matching.length > NAMED_MAX) break;
      }
      return matching;
    });
    const [id, another] = found;
    if (another === undefined) return id ?? given;
    const named = found.slice(0, NAMED_MAX).join(', ');
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      `Several ids end with ${given}: ${named}${found.length > NAMED_MAX ? ', …' : ''}. Give more of it.`,
      { field: 'id' },
    );
  };
}
