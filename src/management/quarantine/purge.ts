/**
 * Management call: forgets one quarantined record.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { BY_PERSON, ID, type Ordered } from '../call/params.ts';
import { notQuarantined } from './quarantined.ts';

export const purgeQuarantined = storeCall<Ordered & { readonly id: string }, undefined>({
  name: 'quarantine.purge',
  summary: 'Forgets one quarantined record for good.',
  capability: 'destroy',
  params: { id: ID, by: BY_PERSON },
  audited: ['id', 'by'],
  override: ofOperation('quarantine.purge'),
  async run({ records: { quarantine } }, { id }) {
    const isPurged = await quarantine.purge(await quarantine.find(id));
    if (!isPurged) throw notQuarantined();
  },
});
