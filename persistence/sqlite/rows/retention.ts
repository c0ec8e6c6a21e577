/**
 * Forgets what has settled and is kept long enough, a few rows at a time (PS-5).
 *
 * @module
 */

import type { PurgeSettledWrite, WriteResult } from '../../port/store.ts';
import type { OperationRow } from '../seals/rowSeals.ts';
import type { Tables } from './tables.ts';
import { listRow } from './tables.ts';

/**
 * See {@link PurgeSettledWrite}. Each row is opened before it is deleted: a damaged column must not make waiting work
 * look as if it had settled long ago.
 */
export function purgeSettled(tables: Tables, { nowMs, limit }: PurgeSettledWrite): WriteResult {
  const { statements, mutations, known } = tables;
  let count = 0;
  for (;;) {
    const rows = statements.purgeable.all(nowMs, limit - count) as OperationRow[];
    for (const row of rows) {
      if (listRow(tables, row).standing === 'quarantined') continue;
      mutations.deleteOperation(row.seq);
      known.forget(row.seq);
      count += 1;
    }
    // Rows that had to be quarantined are no longer found.
    if (rows.length === 0 || count === limit) break;
  }
  const next = statements.nextPurgeAt.get() as number | undefined;
  return { kind: 'purgedSettled', count, nextDueAtMs: next ?? null };
}
