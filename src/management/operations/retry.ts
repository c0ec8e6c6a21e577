/**
 * Management call: tries one operation again now.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { toldByEngine } from '../call/overrides.ts';
import { ID } from '../call/params.ts';
import { type Told, tellOperation } from './tell.ts';

export const retryOperation = storeCall<{ readonly id: string }, Told>({
  name: 'operation.retry',
  summary: 'Tries one operation again now, where it waits for a retry, a decision or a review.',
  capability: 'operate',
  params: { id: ID },
  audited: ['id'],
  override: toldByEngine('operation.retryNow'),
  run: (store, { id }) => tellOperation(store, id, 'retry.requested'),
});
