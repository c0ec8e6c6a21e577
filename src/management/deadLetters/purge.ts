/**
 * Management call: forgets one dead letter.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { BY_PERSON, ID, type Ordered } from '../call/params.ts';
import { notDeadLettered } from './letters.ts';

export const purgeDeadLetter = storeCall<Ordered & { readonly id: string }, undefined>({
  name: 'deadLetter.purge',
  summary: 'Forgets one dead letter for good.',
  capability: 'destroy',
  params: { id: ID, by: BY_PERSON },
  audited: ['id', 'by'],
  override: ofOperation('deadLetter.purge'),
  async run({ records: { deadLetters } }, { id }) {
    const [isPurged] = await deadLetters.purge([await deadLetters.find(id)]);
    if (isPurged !== true) throw notDeadLettered();
  },
});
