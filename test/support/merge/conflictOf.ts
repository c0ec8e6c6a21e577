/**
 * A conflict as it is kept, of two sides that the rules of an entity have put together.
 *
 * @module
 */

import type { ConflictRecord } from '../../../machines/conflict/conflictRecord.ts';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

/** When the upstream's side was edited; ours was a minute before. */
export const MERGED_AT_MS = 1_790_000_000_000;

/** `how` is what else stands in it. */
export function conflictOf(
  {
    entity,
    base,
    ours,
    theirs,
  }: {
    readonly entity: string;
    readonly base: unknown;
    readonly ours: unknown;
    readonly theirs: unknown;
  },
  how: Partial<ConflictRecord> = {},
): ConflictRecord {
  const oursAtMs = MERGED_AT_MS - 60_000;
  const merged = mergeEntity(
    entity,
    base,
    [
      { value: ours, meta: { actor: 'phone-1', hlc: { ms: oursAtMs, c: 0 } } },
      { value: theirs, meta: { actor: 'tablet', hlc: { ms: MERGED_AT_MS, c: 0 } } },
    ],
    MERGED_AT_MS,
  );
  return {
    id: 'op-1-c1',
    state: 'awaitingReview',
    reason: 'conflict',
    isHeld: true,
    type: 'plans.put',
    subject: 'user-42',
    entity: { type: entity, id: 'record-7' },
    operationId: 'op-1',
    openedAtMs: MERGED_AT_MS,
    base: base as Json,
    version: '"v2"',
    sides: [
      { who: 'phone-1', atMs: oursAtMs, isOurs: true, value: ours as Json },
      { who: 'tablet', atMs: MERGED_AT_MS, isOurs: false, value: theirs as Json },
    ],
    value: merged.value,
    items: merged.review,
    audit: merged.audit,
    mergeId: merged.mergeId,
    decisions: [],
    ...how,
  };
}
