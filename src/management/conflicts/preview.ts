/**
 * Management call: what would come of a decision, which is not made.
 *
 * @module
 */

import { standingValue } from '../../../machines/conflict/conflictRecord.ts';
import type { ConflictDecision } from '../../../machines/conflict/decision.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import { storeCall } from '../call/managementCall.ts';
import { checkOwnValues } from './checkOwnValues.ts';
import { CONFLICT_ID, DECISION_RULES } from './params.ts';

/** What the record is, and what it would be. */
export interface ConflictPreview {
  readonly before: Json;
  readonly after: Json;
}

/** A call of its own: it shows what the record holds, and changes nothing. */
export const previewConflict = storeCall<
  ConflictDecision & { readonly id: string },
  ConflictPreview
>({
  name: 'conflict.preview',
  summary: 'What a record would be by a decision; nothing is decided.',
  capability: 'export',
  params: { id: CONFLICT_ID, ...DECISION_RULES },
  audited: ['id', 'by', 'side'],
  override: null,
  async run(store, { id, ...decision }) {
    await checkOwnValues(store, id, decision);
    const record = await store.records.conflicts.preview(id, decision);
    return { before: record.value, after: standingValue(record) };
  },
});
