/**
 * Why there is a conflict about a record.
 *
 * @module
 */

/**
 * Why there is a conflict about a record.
 * - `conflict`: the upstream held another version than the one that the edit was made on.
 * - `predecessor`: something was known already when the edit had its turn: an earlier edit was merged or given up, others
 *   were heard of, or the rules ask about the edit alone.
 * - `outcomeUnknown`: an attempt may have been applied, and the upstream holds something else now.
 * - `rounds`: the record changed at the upstream each time before the merged one arrived.
 * - `silent`: this store has heard nothing of the upstream for longer than removals are remembered.
 * - `elsewhere`: another device asks, and its question came with the record.
 * - `mergeFailed`: the rules of the entity threw, or gave what is no record.
 * - `unreadable`: what the upstream holds can't be read as a record.
 */
export const CONFLICT_REASONS = [
  'conflict',
  'predecessor',
  'outcomeUnknown',
  'rounds',
  'silent',
  'elsewhere',
  'mergeFailed',
  'unreadable',
] as const;

export type ConflictReason = (typeof CONFLICT_REASONS)[number];
