/**
 * Management call: reads a page of the operations that match.
 *
 * @module
 */

import type { OperationFilter, OperationPage } from '../../../actors/port.ts';
import { count, type OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import { storeCall } from '../call/managementCall.ts';
import { OPERATION_FILTER_RULES } from './filter.ts';

/** Which operations to list, in which order, and where to begin. */
export interface OperationQuery<Type extends string = string> extends OperationFilter<Type> {
  /** In order of acceptance: `oldest` first, which is the default, or `newest` first. */
  readonly order?: 'newest' | 'oldest' | undefined;
  /** `nextAfterSeq` of the page before; left out for the first. */
  readonly afterSeq?: number | undefined;
  /** From 1 to 1000, 100 by default. */
  readonly limit?: number | undefined;
}

const LIST_ROWS_MAX = 1_000;
export const LIST_ROWS = 100;
/** A piece is built in one turn of the thread that answers crises: a larger page comes in several. */
const PIECE_ROWS_MAX = 250;

export const QUERY_RULES = {
  ...OPERATION_FILTER_RULES,
  order: { oneOf: ['newest', 'oldest'] },
  afterSeq: 'sequence',
  limit: count(1, LIST_ROWS_MAX),
} as const satisfies OptionRules<OperationQuery>;

export const listOperations = storeCall<OperationQuery, OperationPage>({
  name: 'operation.list',
  summary: 'A piece of the operations that match, in order of acceptance, without their payloads.',
  capability: 'viewSubjects',
  params: QUERY_RULES,
  audited: Object.keys(QUERY_RULES) as (keyof OperationQuery)[],
  override: null,
  run({ records }, { order = 'oldest', afterSeq, limit = LIST_ROWS, ...filter }) {
    const first = order === 'newest' ? Number.MAX_SAFE_INTEGER : 0;
    const rows = Math.min(limit, PIECE_ROWS_MAX);
    return records.list({ filter, order, afterSeq: afterSeq ?? first, limit: rows });
  },
});
