/**
 * Management call: shows one quarantined record.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ID } from '../call/params.ts';
import { type Quarantined, quarantinedOf } from './quarantined.ts';

export const showQuarantined = storeCall<{ readonly id: string }, Quarantined>({
  name: 'quarantine.show',
  summary: 'One quarantined record: why it was set aside, and whether it opens by now.',
  capability: 'view',
  params: { id: ID },
  audited: null,
  override: null,
  async run({ records }, { id }) {
    return quarantinedOf(await records.quarantine.find(id));
  },
});
