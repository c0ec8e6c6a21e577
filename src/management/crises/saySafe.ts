/**
 * Management call: a person says that they are safe. It is their own word, kept with their crises, and ends none.
 *
 * @module
 */

import type { CrisisDecided } from '../../../actors/port.ts';
import { storeCall } from '../call/managementCall.ts';
import { REASON, SUBJECT } from '../call/params.ts';

export const saySafe = storeCall<
  { readonly subject: string; readonly note?: string | undefined },
  readonly CrisisDecided[]
>({
  name: 'crisis.saySafe',
  summary:
    'A person says that they are safe: a note with all their crises that are not over now, for whoever is told. Delivery and chain go on.',
  capability: 'operate',
  params: { subject: { required: SUBJECT }, note: REASON },
  // What they say may be about their health.
  audited: ['subject'],
  override: {
    what: 'crisis.saySafe',
    about: (_, { length: count }) => (count === 0 ? null : { count }),
  },
  run: ({ records }, { subject, note = null }) =>
    records.crises.decideFor(subject, {
      what: 'saySafe',
      by: { id: subject, role: 'subject' },
      note,
    }),
});
