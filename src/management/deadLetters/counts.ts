/**
 * What became of many dead letters, and of one bounded piece of them.
 *
 * @module
 */

import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import { BY_PERSON, type Ordered } from '../call/params.ts';
import { type DeadLetterFilter, FILTER_RULES } from './filter.ts';

/** What became of many. */
export interface DeadLetterCounts {
  readonly matched: number;
  /** Replayed or purged; with `dryRun`, what would have been. */
  readonly done: number;
  /** Kept, because their time is over. */
  readonly expired: number;
  /** Kept, because somebody else replayed or purged them meanwhile, or their payload is gone. */
  readonly changed: number;
}

/** A piece of a run over all that match, in the order of their acceptance. */
export interface Batch extends Ordered {
  readonly filter: DeadLetterFilter;
  /** Where the last piece ended; left out for the first. */
  readonly fromSeq?: number | undefined;
  /** Counts what matches and changes nothing. */
  readonly dryRun?: boolean | undefined;
}

export const BATCH_RULES = {
  filter: { required: { fields: FILTER_RULES } },
  fromSeq: 'sequence',
  dryRun: 'boolean',
  by: BY_PERSON,
} as const satisfies OptionRules<Batch>;

/** `nextSeq` is where the next piece begins; `null` after the last. */
export type BatchResult = DeadLetterCounts & { readonly nextSeq: number | null };

export const NO_LETTERS: DeadLetterCounts = { matched: 0, done: 0, expired: 0, changed: 0 };

export function added(a: DeadLetterCounts, b: DeadLetterCounts): DeadLetterCounts {
  return {
    matched: a.matched + b.matched,
    done: a.done + b.done,
    expired: a.expired + b.expired,
    changed: a.changed + b.changed,
  };
}

/**
 * The counts of a piece: of those that match, the ones that may be changed, and whether each was;
 * `null` for a dry run.
 */
export function countsOf(
  matching: readonly unknown[],
  going: readonly unknown[],
  done: readonly boolean[] | null,
): DeadLetterCounts {
  const changed = done?.filter((isDone) => !isDone).length ?? 0;
  return {
    matched: matching.length,
    done: going.length - changed,
    expired: matching.length - going.length,
    changed,
  };
}
