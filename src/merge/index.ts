/**
 * `holdfast/merge`: merges changes that several devices made to one record, so that nothing is lost. It needs no
 * runtime and no store. docs/machines/entities.md has each rule.
 *
 * @module
 */

// `mergeEntity` takes these entities by name.
import '../../machines/merge/entities/entities.ts';

export {
  advanceVector,
  CLOCK_DRIFT_MAX_MS,
  compareStamps,
  compareVectors,
  joinVectors,
  nextStamp,
  stampAfter,
} from '../../machines/merge/clock/hybridClock.ts';
export { defineEntity } from '../../machines/merge/declaration/defineEntity.ts';
export type { Check, EntityRules } from '../../machines/merge/declaration/entityRules.ts';
export { entitlementAt } from '../../machines/merge/entities/entitlement.ts';
export { type Merged, mergeEntity } from '../../machines/merge/mergeEntity.ts';
export { anything } from '../../machines/merge/rules/anything.ts';
export { counter } from '../../machines/merge/rules/counter.ts';
export { fields, map } from '../../machines/merge/rules/fields.ts';
export { list, set } from '../../machines/merge/rules/list.ts';
export { type OwnRule, ownRule, type Resolution } from '../../machines/merge/rules/ownRule.ts';
export type { Rule } from '../../machines/merge/rules/rule.ts';
export type { AuditEntry, ReviewItem } from '../../machines/merge/rules/ruling.ts';
export {
  ask,
  both,
  firstStays,
  furthest,
  largest,
  latest,
  serverDecides,
  strictest,
} from '../../machines/merge/rules/single.ts';
export { snapshot } from '../../machines/merge/rules/snapshot.ts';
export { text } from '../../machines/merge/rules/text.ts';
export type { SideMeta } from '../../machines/merge/sides.ts';
export type { HybridStamp, Tombstone, VersionVector } from '../../machines/vocabulary/record.ts';
