/**
 * The dead letters that a filter means, read page by page.
 *
 * @module
 */

import type { DeadLetterRecord, OperationRecords } from '../../../actors/port.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type DeadLetterFilter, matches } from './filter.ts';

/** Rows looked at in one call. */
const PAGE_ROWS = 256;

/** The dead letters among the next rows that match, and where the rows after them begin. */
export async function lettersOf(
  { deadLetters }: OperationRecords,
  query: {
    readonly filter: DeadLetterFilter;
    readonly order: 'newest' | 'oldest';
    readonly fromSeq: number | undefined;
  },
): Promise<{
  readonly matching: readonly DeadLetterRecord[];
  readonly nextSeq: number | null;
}> {
  const { filter, order, fromSeq } = query;
  const { upstream } = filter;
  const page = await deadLetters.page({ order, fromSeq, limit: PAGE_ROWS, upstream });
  const matching = page.letters.filter(({ context }) => matches(context, filter));
  return { matching, nextSeq: page.nextSeq };
}

export function notDeadLettered(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_DEAD_LETTERED',
    'The operation of that id is no dead letter, or no longer one. Nothing was changed.',
    { field: 'id' },
  );
}
