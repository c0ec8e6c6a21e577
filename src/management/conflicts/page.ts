/**
 * Management call: reads a page of the conflicts that match.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { type Conflict, conflictOf } from './conflict.ts';
import { CONFLICT_FILTER_RULES, type ConflictFilter, matches, wantsAll } from './filter.ts';

/** Records looked at in one call. */
const PAGE_ROWS = 100;

interface ConflictPageQuery {
  readonly filter: ConflictFilter;
  readonly order: 'newest' | 'oldest';
  /** Where the last page ended; left out for the first. */
  readonly fromSeq?: number | undefined;
}

interface ConflictPage {
  readonly conflicts: readonly Conflict[];
  /** How many more there are that can't be opened or read. */
  readonly unreadable: number;
  /** Where the next page begins; `null` after the last. A page may be empty and not the last. */
  readonly nextSeq: number | null;
}

export const pageOfConflicts = storeCall<ConflictPageQuery, ConflictPage>({
  name: 'conflict.page',
  summary: 'A page of the conflicts that match, without whom or which record they are about.',
  capability: 'view',
  params: {
    filter: { required: { fields: CONFLICT_FILTER_RULES } },
    order: { required: { oneOf: ['newest', 'oldest'] } },
    fromSeq: 'sequence',
  },
  audited: null,
  override: null,
  async run({ records }, { filter, order, fromSeq }) {
    const page = await records.conflicts.page({
      isOpen: !wantsAll(filter),
      ...{ order, fromSeq, limit: PAGE_ROWS },
    });
    const conflicts = page.records.filter((record) => matches(record, filter)).map(conflictOf);
    return { conflicts, unreadable: page.unreadable, nextSeq: page.nextSeq };
  },
});
