/**
 * Checks what a person gives in place of what the sides say, as if it came with a request (CF-7, OP-9).
 *
 * @module
 */

import { standingValue } from '../../../machines/conflict/conflictRecord.ts';
import type { ConflictDecision } from '../../../machines/conflict/decision.ts';
import type { ManagedStore } from '../call/targets.ts';

/**
 * Card data and size are looked at in what was given and in the record that comes of it. What the sides say was
 * looked at when it came.
 *
 * @throws HoldfastError (rejects) what `sync()` throws for a payload, and what `conflicts.preview` throws.
 */
export async function checkOwnValues(
  store: ManagedStore,
  id: string,
  decision: ConflictDecision,
): Promise<void> {
  const { value, choices = {} } = decision;
  const own = Object.values(choices).flatMap((choice) => ('value' in choice ? [choice.value] : []));
  const given = value === undefined ? own : [value, ...own];
  if (given.length === 0) return;
  const record = await store.records.conflicts.preview(id, decision);
  const { type, subject, entity } = record;
  for (const one of [...given, standingValue(record)]) {
    // A text or a list in answer to a question is no record, and an edit has to be one.
    const isRecord = typeof one === 'object' && one !== null && !Array.isArray(one);
    const payload = isRecord ? one : { value: one };
    await store.checkRequest({ type, subject, entity, tier: 'basic', payload });
  }
}
