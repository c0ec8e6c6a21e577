/**
 * Management call: ends one operation.
 *
 * @module
 */

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
  run: (store, { id }) => tellOperation(store, id, 'cancel.requested'),
});
