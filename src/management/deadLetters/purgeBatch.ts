/**
 * Management call: forgets a bounded piece of the dead letters that match.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ofMany } from '../call/overrides.ts';
import { BATCH_RULES, type Batch, type BatchResult, countsOf } from './counts.ts';
import { lettersOf } from './letters.ts';

export const purgeBatch = storeCall<Batch, BatchResult>({
  name: 'deadLetter.purgeBatch',
  summary: 'Forgets a piece of the dead letters that match, for good.',
  capability: 'destroy',
  params: BATCH_RULES,
  audited: ['filter', 'fromSeq', 'dryRun', 'by'],
  override: ofMany('deadLetter.purge'),
  async run({ records }, { filter, fromSeq, dryRun }) {
    const { matching, nextSeq } = await lettersOf(records, { filter, order: 'oldest', fromSeq });
    const done = dryRun === true ? null : await records.deadLetters.purge(matching);
    return { ...countsOf(matching, matching, done), nextSeq };
  },
});
