/**
 * `holdfast/merge`: merges what several devices made of one record, so that nothing is lost. It needs no
 * runtime and no store. What each rule does is in docs/conflicts.md.
 *
 * @module
 */

export {
  CLOCK_DRIFT_MAX_MS,
  compareStamps,
  nextStamp,
  stampAfter,
} from '../../machines/merge/clock/hybridClock.ts';
export {
  advanceVector,
  type Causality,
  compareVectors,
  joinVectors,
} from '../../machines/merge/clock/versionVector.ts';
export {
  defineEntity,
  type FieldRulesOf,
  type OwnEntity,
} from '../../machines/merge/declaration/defineEntity.ts';
export type { Check, EntityRules, Finding } from '../../machines/merge/declaration/entityRules.ts';
export { entitlementAt } from '../../machines/merge/entities/entitlement.ts';
export { type Merged, mergeEntity } from '../../machines/merge/mergeEntity.ts';
export { anything } from '../../machines/merge/rules/anything.ts';
export type { Change, ChangeKind, Origin, Removal } from '../../machines/merge/rules/change.ts';
export { counter } from '../../machines/merge/rules/counter.ts';
export { type FieldRules, fields, type Group, map } from '../../machines/merge/rules/fields.ts';
export { type ListRules, list, type Removing, set } from '../../machines/merge/rules/list.ts';
export {
  type Choice,
  type OwnRule,
  ownRule,
  type Resolution,
} from '../../machines/merge/rules/ownRule.ts';
export type { AnyRule, Rule, RuleKind } from '../../machines/merge/rules/rule.ts';
export type { Alternative, AuditEntry, ReviewItem } from '../../machines/merge/rules/ruling.ts';
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
export { type SnapshotRules, snapshot } from '../../machines/merge/rules/snapshot.ts';
export { text } from '../../machines/merge/rules/text.ts';
export type { SideMeta } from '../../machines/merge/sides.ts';
export type { HybridStamp, Tombstone, VersionVector } from '../../machines/vocabulary/record.ts';
