/**
 * Management call: shows one dead letter: whom it is about, why it was given up, and what happened to it.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ID } from '../call/params.ts';
import { type DeadLetterDetails, letterOf } from './deadLetter.ts';

export const showDeadLetter = storeCall<{ readonly id: string }, DeadLetterDetails>({
  name: 'deadLetter.show',
  summary: 'One dead letter with its subject and history, without its payload.',
  capability: 'viewSubjects',
  params: { id: ID },
  audited: ['id'],
  override: null,
  async run({ records }, { id }) {
    const { context, body } = await records.deadLetters.find(id);
    return {
      ...letterOf(context),
      subject: context.subject,
      entity: context.entity,
      history: context.history,
      hasPayload: body !== null,
    };
  },
});
