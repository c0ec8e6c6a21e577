/**
 * Management call: counts the operations that match, by how far they are.
 *
 * @module
 */

import type { OperationFilter, OperationView, StoreCounts } from '../../../actors/port.ts';
import { crisisStageOf, isCrisisState } from '../../../machines/crisis/crisisDemand.ts';
import { countedByStage, STAGES, type Stage, stageOf } from '../../../machines/operation/stage.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import { storeCall } from '../call/managementCall.ts';
import { OPERATION_FILTER_RULES } from './filter.ts';

/**
 * How many operations there are, by how far they are. Each is in one of these: those in `ready` are under way, or
 * wait for their turn at an upstream or for the time after a failed attempt; those in `inLane`, `scheduled` and
 * `rateLimited` go on by themselves, too. `handlerMissing`, `conflicted`, `inReview` and `deadLettered` wait for somebody. `ended` are
 * completed, cancelled or expired, and kept until their retention is over.
 */
export type OperationCounts = Readonly<Record<Stage, number>> & {
  /** Quarantined, or damaged; with a filter, of what was looked at, whatever it was. */
  readonly unreadable: number;
  /** All of them. */
  readonly total: number;
};

export interface CountedPiece {
  readonly counts: OperationCounts;
  /** Where the next piece begins; `null` after the last. */
  readonly nextAfterSeq: number | null;
}

const PIECE_ROWS = 256;

export const NO_OPERATIONS: OperationCounts = {
  ...(Object.fromEntries(STAGES.map((stage) => [stage, 0])) as Record<Stage, number>),
  unreadable: 0,
  total: 0,
};

export const countOperations = storeCall<
  OperationFilter & { readonly afterSeq?: number | undefined },
  CountedPiece
>({
  name: 'operation.count',
  summary:
    'Counts the operations by how far they are: all at once, or a piece of those that match.',
  capability: 'viewSubjects',
  params: { ...OPERATION_FILTER_RULES, afterSeq: 'sequence' } as const satisfies OptionRules,
  audited: ['afterSeq', ...(Object.keys(OPERATION_FILTER_RULES) as (keyof OperationFilter)[])],
  override: null,
  async run({ records }, { afterSeq = 0, ...filter }) {
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    if (!isFiltered) return { counts: ofAll(await records.counts()), nextAfterSeq: null };
    const query = { filter, order: 'oldest', afterSeq, limit: PIECE_ROWS } as const;
    const { views, unreadable, nextAfterSeq } = await records.list(query);
    const counts: Record<keyof OperationCounts, number> = { ...NO_OPERATIONS };
    for (const view of views) counts[stageOfView(view)] += 1;
    return { counts: { ...counts, unreadable, total: views.length + unreadable }, nextAfterSeq };
  },
});

function stageOfView({ state }: OperationView): Stage {
  return isCrisisState(state) ? crisisStageOf(state) : stageOf(state);
}

/** As the store's file keeps count. */
function ofAll({ standings, blocked }: StoreCounts): OperationCounts {
  const counts = countedByStage(standings, blocked);
  const unreadable = standings.quarantined;
  const total = Object.values(counts).reduce((sum, count) => sum + count, unreadable);
  return { ...counts, unreadable, total };
}
