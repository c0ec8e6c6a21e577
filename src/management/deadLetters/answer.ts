/**
 * Management call: what the upstream said to the last attempt of a dead letter.
 *
 * @module
 */

import type { UpstreamAnswer } from '../../../machines/vocabulary/upstreamAnswer.ts';
import { storeCall } from '../call/managementCall.ts';
import { ID } from '../call/params.ts';

/** A call of its own: what an upstream says may name a person, or repeat what it was sent. */
export const answerOfDeadLetter = storeCall<
  { readonly id: string },
  { readonly answer: UpstreamAnswer | null }
>({
  name: 'deadLetter.answer',
  summary: 'What the upstream said to the last attempt of a dead letter, where that was kept.',
  capability: 'export',
  params: { id: ID },
  audited: ['id'],
  override: null,
  run: async ({ records }, { id }) => ({ answer: await records.deadLetters.answer(id) }),
});
