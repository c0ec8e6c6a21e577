/**
 * Management call: reads a page of the operations of a store.
 *
 * @module
 */

import type { OperationPage } from '../../../actors/port.ts';
import { count } from '../../../machines/vocabulary/optionRules.ts';
import { storeCall } from '../call/managementCall.ts';

/** A page is built on the thread that answers crises. */
const LIST_ROWS_MAX = 1_000;

export const listOperations = storeCall<
  { readonly afterSeq?: number | undefined; readonly limit?: number | undefined },
  OperationPage
>({
  name: 'operation.list',
  summary: 'A page of operations in order of acceptance, without their payloads.',
  capability: 'viewSubjects',
  params: {
    afterSeq: 'sequence',
    limit: count(1, LIST_ROWS_MAX),
  },
  audited: ['afterSeq', 'limit'],
  override: null,
  run: ({ records }, { afterSeq = 0, limit = 100 }) => records.list({ afterSeq, limit }),
});
