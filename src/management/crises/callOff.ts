/**
 * Management call: a person calls a crisis off, who answers for it that it needs no delivery any more.
 *
 * @module
 */

import type { CrisisDecided } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { DECIDER, ID, REASON } from '../call/params.ts';

export const callOffCrisis = storeCall<
  {
    readonly id: string;
    readonly by: Person;
    readonly reason: string;
    readonly confirm?: string | undefined;
  },
  CrisisDecided
>({
  name: 'crisis.callOff',
  summary:
    'A person calls a crisis off: it is delivered no more, and nobody else is told. Before anybody was told it takes two persons, or the end of its id.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, reason: { required: REASON }, confirm: 'text' },
  // Why may be about the subject's health.
  audited: ['id', 'by'],
  override: ofOperation('crisis.callOff'),
  run: ({ records }, { id, by, reason, confirm = null }) =>
    records.crises.decide(id, { what: 'callOff', by, note: reason, confirm }),
});
