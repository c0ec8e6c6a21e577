/**
 * Management call: ends one operation.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storeCall } from '../call/managementCall.ts';
import { toldByEngine } from '../call/overrides.ts';
import { BY_PERSON, ID, type Ordered } from '../call/params.ts';
import { type Told, tellOperation } from './tell.ts';

export const cancelOperation = storeCall<Ordered & { readonly id: string }, Told>({
  name: 'operation.cancel',
  summary: 'Ends one operation; what its handler has done by then counts.',
  capability: 'operate',
  params: { id: ID, by: BY_PERSON },
  audited: ['id', 'by'],
  override: toldByEngine('operation.cancel'),
  async run(store, order) {
    const { priority } = await store.records.view(order.id);
    // That takes a person, and a reason (CR-5).
    if (priority === 'crisis') throw isCrisis();
    return await tellOperation(store, order, 'cancel.requested');
  },
});

function isCrisis(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'That is a crisis, which is called off by a person, with a reason: holdfast crises call-off. Nothing was changed.',
    { field: 'id', withStack: false },
  );
}
