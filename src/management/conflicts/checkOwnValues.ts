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
  for (const payload of [...given, standingValue(record)]) {
    store.checkRequest({ type, subject, entity, tier: 'basic', payload });
  }
}
