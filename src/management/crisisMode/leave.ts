/**
 * Management call: ends crisis mode of a subject or of everybody, by a second person.
 *
 * @module
 */

import type { CrisisModeEnd } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { runtimeCall } from '../call/managementCall.ts';
import { PERSON, SUBJECT } from '../call/params.ts';
import { isForEverybody } from './params.ts';

export const leaveCrisisMode = runtimeCall<
  { readonly subject?: string | undefined; readonly by: Person },
  Promise<CrisisModeEnd>
>({
  name: 'crisisMode.leave',
  summary: 'Ends crisis mode; by somebody else than all who switched it on or prolonged it.',
  capability: 'operate',
  needsRole: isForEverybody,
  params: { subject: SUBJECT, by: PERSON },
  audited: ['subject', 'by'],
  override: {
    what: 'crisisMode.leave',
    about: (_, { wasOn }) => (wasOn ? {} : null),
  },
  async run(runtime, { subject, by }) {
    return await runtime.crisisModes.leave(subject ?? null, by);
  },
});
