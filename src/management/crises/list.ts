/**
 * Management call: the crises that are not over.
 *
 * @module
 */

import type { CrisisView } from '../../../actors/port.ts';
import { storeCall } from '../call/managementCall.ts';

export const listCrises = storeCall<
  { readonly unacknowledged?: boolean | undefined },
  readonly CrisisView[]
>({
  name: 'crisis.list',
  summary: 'The crises that are not over, with who was told of each and who has taken it on.',
  capability: 'viewSubjects',
  params: { unacknowledged: 'boolean' },
  audited: [],
  override: null,
  async run({ records }, { unacknowledged = false }) {
    const open = await records.crises.open();
    if (!unacknowledged) return open;
    return open.filter(
      ({ escalatedAtMs, escalation }) =>
        escalatedAtMs !== null && escalation !== 'acknowledged' && escalation !== 'lapsing',
    );
  },
});
