/**
 * What is shown of an operation that rests on disk, read from its row.
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { RecordStore, StoredOperation } from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { type OperationView, toView } from './outcome.ts';
import type { TurnWaitOf } from './waitView.ts';

/** A page of operations, in order of acceptance. */
export interface OperationPage {
  readonly views: readonly OperationView[];
  /**
   * How many lie between them and can't be shown: quarantined (`holdfast quarantine`), or damaged in
   * the file (`holdfast doctor --deep`).
   */
  readonly unreadable: number;
  readonly nextAfterSeq: number | null;
}

/** Which page of operations is meant: the next `limit` of those accepted after `afterSeq`. */
export interface OperationPageQuery {
  readonly afterSeq: number;
  readonly limit: number;
}

/** A page as the store has it, but for what `viewInMemory` knows better. */
export async function readPage(
  store: RecordStore,
  { afterSeq, limit }: OperationPageQuery,
  viewInMemory: (id: string) => OperationView | null,
  turnWaitOf: TurnWaitOf,
): Promise<OperationPage> {
  const rows = await store.list({ afterSeq, limit });
  const views = rows.flatMap(
    (row) => viewInMemory(row.id) ?? viewIfReadable(row, turnWaitOf) ?? [],
  );
  return {
    views,
    unreadable: rows.length - views.length,
    nextAfterSeq: rows.length < limit ? null : (rows.at(-1)?.seq ?? null),
  };
}

/** What may be shown of a row; `null` for one that can't be read: `holdfast doctor` counts those. */
export function viewIfReadable(row: StoredOperation, turnWaitOf: TurnWaitOf): OperationView | null {
  if (row.standing === 'quarantined') return null;
  try {
    return viewOf(row, turnWaitOf);
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
}

/** @throws HoldfastError `HF_RECORD_…` */
export function viewOf(row: StoredOperation, turnWaitOf: TurnWaitOf): OperationView {
  const { chart, snapshot } = decodeWork(row);
  return toView(chart, snapshot, row.urgency, turnWaitOf);
}

export function hasEnded({ standing }: StoredOperation): boolean {
  return standing === 'settled' || standing === 'deadLettered';
}
