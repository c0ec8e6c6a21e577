/**
 * Management call: a person takes back what was decided of a conflict.
 *
 * @module
 */

import type { Person } from '../../../machines/vocabulary/person.ts';
import { storeCall } from '../call/managementCall.ts';
import { DECIDER } from '../call/params.ts';
import { type ConflictOutcome, outcomeOf } from './conflict.ts';
import { CONFLICT_ID } from './params.ts';

export const undoConflict = storeCall<
  { readonly id: string; readonly by: Person },
  ConflictOutcome
>({
  name: 'conflict.undo',
  summary:
    'A person takes back what was decided: what was sent is followed by an edit that puts back what was before.',
  capability: 'operate',
  params: { id: CONFLICT_ID, by: DECIDER },
  audited: ['id', 'by'],
  override: {
    what: 'conflict.undo',
    about: (_, { operationId }) => ({ operationId, count: 1 }),
  },
  run: async ({ records }, { id, by }) => outcomeOf(await records.conflicts.undo(id, by)),
});
