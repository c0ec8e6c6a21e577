/**
 * Operations, found and listed: made of the calls, so it is the same in the process, over its socket and on a
 * store at rest (OP-10).
 *
 * @module
 */

import type { OperationFilter, OperationPage, OperationView } from '../../../actors/port.ts';
import { checkFields } from '../../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import type { Caller } from '../call/managementCall.ts';
import {
  type CountedPiece,
  countOperations,
  NO_OPERATIONS,
  type OperationCounts,
} from './count.ts';
import { OPERATION_FILTER_RULES } from './filter.ts';
import { LIST_ROWS, listOperations, type OperationQuery, QUERY_RULES } from './list.ts';

/** Which operations to go through, and in which order. */
export type OperationSearch<Type extends string = string> = Omit<
  OperationQuery<Type>,
  'afterSeq' | 'limit'
>;

const SEARCH_RULES = {
  ...OPERATION_FILTER_RULES,
  order: QUERY_RULES.order,
} as const satisfies OptionRules<OperationSearch>;

/** A page that is full, or the last, however few of many match. `Type` is what the query asks for. */
export async function pageOf<Type extends string = string>(
  caller: Caller,
  query: OperationQuery,
): Promise<OperationPage<Type>> {
  checkFields(query, QUERY_RULES, '');
  const { limit = LIST_ROWS } = query;
  const views: OperationView<Type>[] = [];
  let { afterSeq } = query;
  let unreadable = 0;
  for (;;) {
    const rest = { ...query, afterSeq, limit: limit - views.length };
    const piece = await caller.call(listOperations, rest);
    views.push(...(piece.views as readonly OperationView<Type>[]));
    unreadable += piece.unreadable;
    const { nextAfterSeq } = piece;
    if (nextAfterSeq === null || views.length >= limit) return { views, unreadable, nextAfterSeq };
    afterSeq = nextAfterSeq;
  }
}

/** Goes through all that match, a piece at a time. `Type` is what the search asks for. */
export function operationsOf<Type extends string = string>(
  caller: Caller,
  search: OperationSearch,
): AsyncIterable<OperationView<Type>> {
  checkFields(search, SEARCH_RULES, '');
  return (async function* pieces() {
    for (let afterSeq: number | undefined; ; ) {
      const piece: OperationPage = await caller.call(listOperations, { ...search, afterSeq });
      yield* piece.views as readonly OperationView<Type>[];
      if (piece.nextAfterSeq === null) return;
      afterSeq = piece.nextAfterSeq;
    }
  })();
}

/** Counts all that match; without a filter at once. */
export async function countsOf(caller: Caller, filter: OperationFilter): Promise<OperationCounts> {
  checkFields(filter, OPERATION_FILTER_RULES, '');
  let counts = NO_OPERATIONS;
  for (let afterSeq: number | undefined; ; ) {
    const piece: CountedPiece = await caller.call(countOperations, { ...filter, afterSeq });
    counts = added(counts, piece.counts);
    if (piece.nextAfterSeq === null) return counts;
    afterSeq = piece.nextAfterSeq;
  }
}

function added(a: OperationCounts, b: OperationCounts): OperationCounts {
  const names = Object.keys(a) as (keyof OperationCounts)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as OperationCounts;
}
