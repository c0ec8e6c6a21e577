/**
 * Management call: one conflict with all values, to decide by.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { type ConflictDetails, detailsOf } from './conflict.ts';
import { CONFLICT_ID } from './params.ts';

/** A call of its own beside `conflict.about`: it shows what is sealed, which may be health data. */
export const showConflict = storeCall<{ readonly id: string }, ConflictDetails>({
  name: 'conflict.show',
  summary: 'One conflict with the values of both sides, and what a person is asked.',
  capability: 'export',
  params: { id: CONFLICT_ID },
  audited: ['id'],
  override: null,
  run: async ({ records }, { id }) => detailsOf(await records.conflicts.find(id)),
});
