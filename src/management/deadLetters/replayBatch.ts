/**
 * Management call: runs a bounded piece of the dead letters that match again.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ofMany } from '../call/overrides.ts';
import { BATCH_RULES, type Batch, type BatchResult, countsOf } from './counts.ts';
import { lettersOf } from './letters.ts';

export const replayBatch = storeCall<
  Batch & {
    /** Also where an attempt may have been applied. */
    readonly evenIfApplied?: boolean | undefined;
  },
  BatchResult
>({
  name: 'deadLetter.replayBatch',
  summary: 'Runs a piece of the dead letters that match again.',
  capability: 'operate',
  params: { ...BATCH_RULES, evenIfApplied: 'boolean' },
  audited: ['filter', 'fromSeq', 'dryRun', 'evenIfApplied', 'by'],
  override: ofMany('deadLetter.replay'),
  async run({ records, clock }, { filter, fromSeq, dryRun, evenIfApplied }) {
    // Loaded by who runs letters again, and not by who only asks the owner to.
    const { broughtBack } = await import('../../../machines/operation/broughtBack.ts');
    const { matching, nextSeq } = await lettersOf(records, { filter, order: 'oldest', fromSeq });
    const facts = {
      atMs: clock.now(),
      idempotencyKey: null,
      isRepeatApproved: evenIfApplied === true,
    };
    const going = matching.flatMap((letter) => {
      const context = broughtBack(letter.context, facts);
      return context === null ? [] : [{ letter, context, body: null }];
    });
    const done = dryRun === true ? null : await records.deadLetters.replay(going);
    return { ...countsOf(matching, going, done), nextSeq };
  },
});
