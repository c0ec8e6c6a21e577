/**
 * Management call: ends one operation.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storeCall } from '../call/managementCall.ts';
import { toldByEngine } from '../call/overrides.ts';
import { ID } from '../call/params.ts';
import { type Told, tellOperation } from './tell.ts';

export const cancelOperation = storeCall<{ readonly id: string }, Told>({
  name: 'operation.cancel',
  summary: 'Ends one operation; what its handler has done by then counts.',
  capability: 'operate',
  params: { id: ID },
  audited: ['id'],
  override: toldByEngine('operation.cancel'),
  async run(store, { id }) {
    const { priority } = await store.records.view(id);
    // That takes a person, and a reason (CR-5).
    if (priority === 'crisis') throw isCrisis();
    return await tellOperation(store, id, 'cancel.requested');
  },
});

function isCrisis(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'That is a crisis, which is called off by a person, with a reason: holdfast crises call-off. Nothing was changed.',
    { field: 'id', withStack: false },
  );
}
