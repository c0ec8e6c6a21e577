/**
 * Management call: ends one operation.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { ID } from '../call/params.ts';
import { type Told, tellOperation } from './tell.ts';

export const cancelOperation = storeCall<{ readonly id: string }, Told>({
  name: 'operation.cancel',
  summary: 'Ends one operation; what its handler has done by then counts.',
  capability: 'operate',
  params: { id: ID },
  audited: ['id'],
  // The engine tells of it, whichever way it was asked.
  override: null,
  run: (store, { id }) => tellOperation(store, id, 'cancel.requested'),
});
