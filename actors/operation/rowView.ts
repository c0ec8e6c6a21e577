/**
 * What is shown of operations that rest on disk, read from their rows.
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type {
  BlockedCounts,
  QueueStore,
  SearchStore,
  StandingCounts,
  StoredOperation,
} from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import {
  asksForPlace,
  matchesFilter,
  type OperationFilter,
  searchedFor,
} from './operationFilter.ts';
import { type OperationView, toView } from './outcome.ts';
import type { ShownWaits } from './waitView.ts';

/** A page of operations, in the order asked for. */
export interface OperationPage<Type extends string = string> {
  readonly views: readonly OperationView<Type>[];
  /**
   * How many lie between them and can't be shown, so that nobody knows whether they are meant: quarantined
   * (`holdfast quarantine`), or damaged in the file (`holdfast doctor --deep`).
   */
  readonly unreadable: number;
  /** Where the next page begins, as its `afterSeq`; `null` after the last. */
  readonly nextAfterSeq: number | null;
}

/** Which page of operations is meant: the next of those accepted after or, newest first, before `afterSeq`. */
export interface OperationPageQuery {
  readonly filter: OperationFilter;
  readonly order: 'newest' | 'oldest';
  readonly afterSeq: number;
  /** Fewer may come, or none, and the page not be the last: it is a bounded piece of work. */
  readonly limit: number;
}

/** What an engine knows of its operations beyond their rows. */
export interface ViewsInMemory {
  /** `null` for one that is on disk only. */
  of(id: string): OperationView | null;
  /** Views of all that were accepted. */
  all(): readonly { readonly seq: number; readonly view: OperationView }[];
}

/** Where nothing runs. */
export const NOTHING_IN_MEMORY: ViewsInMemory = { of: () => null, all: () => [] };

/** Records that are opened for a page at least where the filter can't tell before. */
const OPENED_ROWS = 128;

/** A page as the store has it, but for what is known better in memory. */
export async function readPage(
  store: SearchStore,
  { filter, order, afterSeq, limit }: OperationPageQuery,
  memory: ViewsInMemory,
  waits: ShownWaits,
): Promise<OperationPage> {
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const found = await store.search({
    ...searchedFor(filter),
    order,
    fromSeq: afterSeq,
    limit: isFiltered ? Math.max(limit, OPENED_ROWS) : limit,
  });
  const { rows, nextSeq } = found;
  const ids = new Set(rows.map(({ id }) => id));
  const isInPiece = (seq: number): boolean =>
    order === 'newest'
      ? seq < afterSeq && seq >= (nextSeq ?? 0)
      : seq > afterSeq && seq <= (nextSeq ?? Number.MAX_SAFE_INTEGER);
  // What is in memory may stand elsewhere by now than its row does.
  const moved = asksForPlace(filter)
    ? memory.all().filter(({ seq, view }) => isInPiece(seq) && !ids.has(view.id))
    : [];
  const sign = order === 'newest' ? -1 : 1;
  const looked = [
    ...rows.map((row) => ({
      seq: row.seq,
      view: memory.of(row.id) ?? viewIfReadable(row, waits),
    })),
    ...moved,
  ]
    .filter(({ view }) => view === null || matchesFilter(view, filter))
    .toSorted((a, b) => sign * (a.seq - b.seq));
  const shown = looked.slice(0, limit);
  const views = shown.flatMap(({ view }) => view ?? []);
  return {
    views,
    unreadable: shown.length - views.length,
    nextAfterSeq: shown.length < looked.length ? (shown.at(-1)?.seq ?? nextSeq) : nextSeq,
  };
}

/** How many operations stand where, and how many of them wait for what. */
export interface StoreCounts {
  readonly standings: StandingCounts;
  readonly blocked: BlockedCounts;
}

/** Asked together, so that nothing is written between the two. */
export async function readCounts(
  store: Pick<QueueStore, 'counts' | 'blockedCounts'>,
): Promise<StoreCounts> {
  const [standings, blocked] = await Promise.all([store.counts(), store.blockedCounts()]);
  return { standings, blocked };
}

/** What may be shown of a row; `null` for one that can't be read: `holdfast doctor` counts those. */
export function viewIfReadable(row: StoredOperation, waits: ShownWaits): OperationView | null {
  if (row.standing === 'quarantined') return null;
  try {
    return viewOf(row, waits);
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
}

/** @throws HoldfastError `HF_RECORD_…` */
export function viewOf(row: StoredOperation, waits: ShownWaits): OperationView {
  const { chart, snapshot } = decodeWork(row);
  return toView({ ...row, chart }, snapshot, waits);
}

export function hasEnded({ standing }: StoredOperation): boolean {
  return standing === 'settled' || standing === 'deadLettered';
}
