/**
 * Management call: reads a page of the dead letters that match.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { type DeadLetter, letterOf } from './deadLetter.ts';
import { type DeadLetterFilter, FILTER_RULES } from './filter.ts';
import { lettersOf } from './letters.ts';

interface DeadLetterPageQuery {
  readonly filter: DeadLetterFilter;
  readonly order: 'newest' | 'oldest';
  /** Where the last page ended; left out for the first. */
  readonly fromSeq?: number | undefined;
}

interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where the next page begins; `null` after the last. A page may be empty and not the last. */
  readonly nextSeq: number | null;
}

export const pageOfDeadLetters = storeCall<DeadLetterPageQuery, DeadLetterPage>({
  name: 'deadLetter.page',
  summary: 'A page of the dead letters that match, without subject or payload.',
  capability: 'view',
  params: {
    filter: { required: { fields: FILTER_RULES } },
    order: { required: { oneOf: ['newest', 'oldest'] } },
    fromSeq: 'sequence',
  },
  audited: null,
  override: null,
  async run({ records }, { filter, order, fromSeq }) {
    const { matching, nextSeq } = await lettersOf(records, { filter, order, fromSeq });
    return { letters: matching.map(({ context }) => letterOf(context)), nextSeq };
  },
});
