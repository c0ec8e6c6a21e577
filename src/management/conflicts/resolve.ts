/**
 * Management call: a person decides a conflict.
 *
 * @module
 */

import type { ConflictDecision } from '../../../machines/conflict/decision.ts';
import { storeCall } from '../call/managementCall.ts';
import { checkOwnValues } from './checkOwnValues.ts';
import { type ConflictOutcome, outcomeOf } from './conflict.ts';
import { CONFLICT_ID, DECISION_RULES } from './params.ts';

export const resolveConflict = storeCall<
  ConflictDecision & { readonly id: string },
  ConflictOutcome
>({
  name: 'conflict.resolve',
  summary: 'A person decides a conflict, who answers for it: what waits for it goes on.',
  capability: 'operate',
  params: { id: CONFLICT_ID, ...DECISION_RULES },
  // Choices may hold what the record holds, and so may the paths that they are named by.
  audited: ['id', 'by', 'side'],
  override: {
    what: 'conflict.resolve',
    about: (_, { operationId }) => ({ operationId, count: 1 }),
  },
  async run(store, { id, ...decision }) {
    await checkOwnValues(store, id, decision);
    return outcomeOf(await store.records.conflicts.decide(id, decision));
  },
});
