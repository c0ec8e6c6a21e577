/**
 * Management call: one crisis, over or not.
 *
 * @module
 */

import type { CrisisView } from '../../../actors/port.ts';
import { storeCall } from '../call/managementCall.ts';
import { ID } from '../call/params.ts';

export const showCrisis = storeCall<{ readonly id: string }, CrisisView>({
  name: 'crisis.show',
  summary: 'One crisis: how far it is, who was told, and who has decided.',
  capability: 'viewSubjects',
  params: { id: ID },
  audited: ['id'],
  override: null,
  run: ({ records }, { id }) => records.crises.find(id),
});
