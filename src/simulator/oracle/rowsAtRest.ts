/**
 * Reads the rows of a store that no process has open.
 *
 * @module
 */

import type { WorkContext, WorkState } from '../../../actors/charts/chartOfWork.ts';
import { decodeWork } from '../../../actors/charts/workRecord.ts';
import type { AcceptWrite, Store, StoredOperation } from '../../../persistence/port/store.ts';

const PAGE_ROWS = 500;

/** A row as it lies on disk while no process has the store open. */
export interface RowAtRest {
  readonly row: StoredOperation;
  readonly state: WorkState;
  readonly context: WorkContext;
}

/**
 * Reads every operation of a store, opened and decoded, without quarantined ones, as their caller would miss them.
 *
 * @param spilled - crises in a file beside the database, and not in it
 */
export async function rowsAtRest(
  store: Pick<Store, 'list'>,
  spilled: readonly AcceptWrite[] = [],
): Promise<readonly RowAtRest[]> {
  const rows: RowAtRest[] = spilled.map((write) => {
    const row: StoredOperation = { ...write, revision: 1 };
    const { state, snapshot } = decodeWork(row);
    return { row, state, context: snapshot.context };
  });
  for (let afterSeq = 0; ; ) {
    const page = await store.list({ afterSeq, limit: PAGE_ROWS });
    for (const row of page) {
      if (row.standing === 'quarantined') continue;
      const { state, snapshot } = decodeWork(row);
      rows.push({ row, state, context: snapshot.context });
    }
    const last = page.at(-1);
    if (last === undefined) return rows;
    afterSeq = last.seq;
  }
}
