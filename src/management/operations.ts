/**
 * Management calls about operations, and how a runtime offers them: list, count, show, cancel, retry.
 *
 * @module
 */

import type {
  OperationFilter,
  OperationPage,
  OperationView,
  StoreCounts,
  Wish,
} from '../../actors/port.ts';
import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import { crisisStageOf, isCrisisState } from '../../machines/crisis/crisisDemand.ts';
import { crisisMachine } from '../../machines/crisis/crisisMachine.ts';
import {
  countedByStage,
  STAGES,
  type Stage,
  stageOf,
  stageWhile,
} from '../../machines/operation/stage.ts';
import { OPERATION_STATES as STATES_OF_WORK } from '../../machines/operation/syncOperationState.ts';
import { WAIT_REASONS } from '../../machines/operation/waitReason.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermostStates } from '../../machines/vocabulary/innermost.ts';
import { checkFields, count, type OptionRules } from '../../machines/vocabulary/optionFields.ts';
import { WAIT_CAUSES } from '../../machines/vocabulary/standing.ts';
import { isTierName, PRIORITIES } from '../../machines/vocabulary/urgency.ts';
import {
  BY_PERSON,
  type Caller,
  HISTORY_SHOWN,
  ID,
  type ManagedStore,
  type Ordered,
  storeCall,
  toldByEngine,
} from './managementCall.ts';

const OPERATION_SHOWN = {
  fields: {
    id: 'plain',
    type: 'plain',
    tier: 'plain',
    priority: 'plain',
    state: 'plain',
    attempt: 'plain',
    acceptedAtMs: 'plain',
    settledAtMs: 'plain',
    wait: { fields: { reason: 'plain', sinceAtMs: 'plain', untilAtMs: 'plain' } },
    retryAtMs: 'plain',
    expiresAtMs: 'plain',
    failure: { fields: { code: 'plain' } },
    history: HISTORY_SHOWN,
  },
} as const satisfies AnswerShape<OperationView>;

const COUNTS_SHOWN = {
  fields: {
    ...(Object.fromEntries(STAGES.map((stage) => [stage, 'plain'])) as Readonly<
      Record<(typeof STAGES)[number], 'plain'>
    >),
    unreadable: 'plain',
    total: 'plain',
  },
} as const;
const TOLD_SHOWN = { fields: { tookNotice: 'plain', operation: OPERATION_SHOWN } } as const;

/** The filters of operations, without subject, entity and tag. */
const SHOWN_FILTER = [
  'state',
  'type',
  'tier',
  'priority',
  'reason',
  'idEnd',
  'sinceMs',
  'untilMs',
] as const;

/** Every state an operation may be shown in: of operations, and of the deliveries of crises. */
export const OPERATION_STATES: readonly string[] = [
  ...new Set([...STATES_OF_WORK, ...deliveryStates()]),
];

function deliveryStates(): readonly string[] {
  const { delivery } = crisisMachine.root.states;
  return delivery === undefined ? [] : innermostStates(delivery).map(({ key }) => key);
}

/** Every reason to wait that is shown. An operation that waits for its turn shows what its upstream waits for. */
export const SHOWN_REASONS: readonly string[] = [
  ...new Set([...WAIT_REASONS.filter((reason) => reason !== 'turn'), ...WAIT_CAUSES]),
];

const OPERATION_FILTER_RULES = {
  state: { oneOf: OPERATION_STATES },
  type: 'text',
  subject: 'text',
  entity: { fields: { type: { required: 'text' }, id: { required: 'text' } } },
  tier: { matches: isTierName, rule: 'must be the name of a tier' },
  priority: { oneOf: PRIORITIES },
  tag: 'text',
  reason: { oneOf: SHOWN_REASONS },
  idEnd: {
    rule: 'must be the last 4 to 32 digits (0 to 9, a to f) of an id',
    matches: (value) =>
      typeof value === 'string' && /^[\da-f]{4,32}$/i.test(value.replaceAll('-', '')),
  },
  sinceMs: 'instant',
  untilMs: 'instant',
} as const satisfies OptionRules<OperationFilter>;

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
const LIST_ROWS = 100;
/** The rows of a piece, built in one turn of the thread that answers crises. A larger page comes in several pieces. */
const PIECE_ROWS_MAX = 250;

const QUERY_RULES = {
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
  override: null,
  shown: {
    params: [...SHOWN_FILTER, 'order', 'afterSeq', 'limit'],
    answer: {
      fields: { views: { each: OPERATION_SHOWN }, unreadable: 'plain', nextAfterSeq: 'plain' },
    },
  },
  run({ records }, { order = 'oldest', afterSeq, limit = LIST_ROWS, ...filter }) {
    const first = order === 'newest' ? Number.MAX_SAFE_INTEGER : 0;
    const rows = Math.min(limit, PIECE_ROWS_MAX);
    return records.list({ filter, order, afterSeq: afterSeq ?? first, limit: rows });
  },
});

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

/**
 * The number of operations in each stage. Those in `ready` are under way, or wait for their turn at an upstream or for
 * the time after a failed attempt; those in `inLane`, `scheduled` and `rateLimited` go on by themselves, too.
 * `handlerMissing`, `conflicted`, `inReview` and `deadLettered` wait for a person. `ended` ones are completed,
 * cancelled or expired, and kept until their retention is over.
 */
export type OperationCounts = Readonly<Record<Stage, number>> & {
  /** Quarantined or damaged; with a filter, any such record among those read. */
  readonly unreadable: number;
  /** The sum. */
  readonly total: number;
};

export interface CountedPiece {
  readonly counts: OperationCounts;
  /** Where the next piece begins; `null` after the last. */
  readonly nextAfterSeq: number | null;
}

const PIECE_ROWS = 256;

const NO_OPERATIONS: OperationCounts = {
  ...(Object.fromEntries(STAGES.map((stage) => [stage, 0])) as Record<Stage, number>),
  unreadable: 0,
  total: 0,
};

export const countOperations = storeCall<
  OperationFilter & { readonly afterSeq?: number | undefined },
  CountedPiece
>({
  name: 'operation.count',
  summary: 'Counts the operations in each stage: all at once, or a piece of those that match.',
  capability: 'viewSubjects',
  params: { ...OPERATION_FILTER_RULES, afterSeq: 'sequence' } as const satisfies OptionRules,
  override: null,
  shown: {
    params: [...SHOWN_FILTER, 'afterSeq'],
    answer: {
      fields: { counts: COUNTS_SHOWN, nextAfterSeq: 'plain' },
    },
  },
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

function stageOfView({ state, wait }: OperationView): Stage {
  // What a person runs again is in one state for its turn and behind others.
  if (wait?.reason === 'lane') return stageWhile(wait.reason);
  return isCrisisState(state) ? crisisStageOf(state) : stageOf(state);
}

/** The counts that the store's file keeps. */
function ofAll({ standings, blocked }: StoreCounts): OperationCounts {
  const counts = countedByStage(standings, blocked);
  const unreadable = standings.quarantined;
  const total = Object.values(counts).reduce((sum, one) => sum + one, unreadable);
  return { ...counts, unreadable, total };
}

export const showOperation = storeCall<{ readonly id: string }, OperationView>({
  name: 'operation.show',
  summary: 'One operation with its subject and history, without its payload.',
  capability: 'viewSubjects',
  params: { id: ID },
  override: null,
  shown: { params: ['id'], answer: OPERATION_SHOWN },
  run: ({ records }, { id }) => records.view(id),
});

export const cancelOperation = storeCall<Ordered & { readonly id: string }, Told>({
  name: 'operation.cancel',
  summary: 'Ends one operation; what its handler has done by then counts.',
  capability: 'operate',
  params: { id: ID, by: BY_PERSON },
  override: toldByEngine('operation.cancel'),
  shown: { params: ['id', 'by'], answer: TOLD_SHOWN },
  async run(store, order) {
    const { priority } = await store.records.view(order.id);
    // Calling off a crisis takes a person and a reason (CR-5).
    if (priority === 'crisis') throw isCrisis();
    return await tellOperation(store, order, 'cancel.requested');
  },
});

function isCrisis(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'That is a crisis, which is called off by a person, with a reason: holdfast crises call-off. Nothing was changed.',
    { field: 'id', withStack: false },
  );
}

export const retryOperation = storeCall<Ordered & { readonly id: string }, Told>({
  name: 'operation.retry',
  summary: 'Tries one operation again now, where it waits for a retry, a decision or a review.',
  capability: 'operate',
  params: { id: ID, by: BY_PERSON },
  override: toldByEngine('operation.retryNow'),
  shown: { params: ['id', 'by'], answer: TOLD_SHOWN },
  run: (store, order) => tellOperation(store, order, 'retry.requested'),
});

export interface Told {
  /** False where nothing changed, since it has ended or waits for something else. */
  readonly tookNotice: boolean;
  /** The operation after the call. */
  readonly operation: OperationView;
}

/** Durable once this resolves. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`, `HF_RECORD_NEWER`. */
async function tellOperation(
  { records }: ManagedStore,
  { id, by }: Ordered & { readonly id: string },
  wish: Wish,
): Promise<Told> {
  const tookNotice = await records.tell(id, wish, by);
  return { tookNotice, operation: await records.view(id) };
}
