/**
 * Management call: a person gives a crisis back that somebody has taken on.
 *
 * @module
 */

import type { CrisisDecided } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { DECIDER, ID, REASON } from '../call/params.ts';

export const releaseCrisis = storeCall<
  { readonly id: string; readonly by: Person; readonly note?: string | undefined },
  CrisisDecided
>({
  name: 'crisis.release',
  summary:
    'A person gives a crisis back: the step by which it was taken on is told again, then the next ones.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, note: REASON },
  // What a person notes may be about the subject's health.
  audited: ['id', 'by'],
  override: ofOperation('crisis.release'),
  run: ({ records }, { id, by, note = null }) =>
    records.crises.decide(id, { what: 'release', by, note }),
});
