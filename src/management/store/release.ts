/**
 * Management call: ends the hold of a restored or copied store.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { BY_PERSON, type Ordered } from '../call/params.ts';

export const releaseStore = storeCall<Ordered, { readonly wasHeld: boolean }>({
  name: 'store.release',
  summary: 'Ends the hold of a restored or copied store: what waits in it runs from then on.',
  capability: 'operate',
  params: { by: BY_PERSON },
  audited: ['by'],
  override: {
    what: 'store.release',
    about: (_, { wasHeld }) => (wasHeld ? {} : null),
  },
  async run(store) {
    return { wasHeld: await store.release() };
  },
});
