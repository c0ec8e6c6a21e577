/**
 * Management call: a person takes a crisis on, so that nobody else is told.
 *
 * @module
 */

import type { CrisisDecided } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { DECIDER, ID, REASON } from '../call/params.ts';

export const acknowledgeCrisis = storeCall<
  { readonly id: string; readonly by: Person; readonly note?: string | undefined },
  CrisisDecided
>({
  name: 'crisis.acknowledge',
  summary:
    'A person takes a crisis on: no further step of the chain is told. It is delivered all the same.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, note: REASON },
  // What a person notes may be about the subject's health.
  audited: ['id', 'by'],
  override: ofOperation('crisis.acknowledge'),
  run: ({ records }, { id, by, note = null }) =>
    records.crises.decide(id, { what: 'acknowledge', by, note }),
});
