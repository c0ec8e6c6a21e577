/**
 * Management call: tries one operation again now.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { toldByEngine } from '../call/overrides.ts';
import { BY_PERSON, ID, type Ordered } from '../call/params.ts';
import { type Told, tellOperation } from './tell.ts';

export const retryOperation = storeCall<Ordered & { readonly id: string }, Told>({
  name: 'operation.retry',
  summary: 'Tries one operation again now, where it waits for a retry, a decision or a review.',
  capability: 'operate',
  params: { id: ID, by: BY_PERSON },
  audited: ['id', 'by'],
  override: toldByEngine('operation.retryNow'),
  run: (store, order) => tellOperation(store, order, 'retry.requested'),
});
