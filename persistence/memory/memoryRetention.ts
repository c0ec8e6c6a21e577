/**
 * The memory store's purge of what has settled: retention.ts of the SQLite store over its own rows.
 *
 * @module
 */

import type { PurgeSettledWrite, WriteResult } from '../port/store.ts';
import { NEVER_MS } from '../port/store.ts';
import type { ReviewTables } from './memoryReview.ts';

/** See {@link PurgeSettledWrite}. */
export function purgeSettled(
  tables: Pick<ReviewTables, 'standing' | 'replace'>,
  { nowMs, limit }: PurgeSettledWrite,
): WriteResult {
  const dueAt = (row: { readonly dueAtMs: number | null }): number => row.dueAtMs ?? NEVER_MS;
  const settled = tables
    .standing('settled')
    .filter(({ dueAtMs }) => dueAtMs !== null)
    .toSorted((a, b) => dueAt(a) - dueAt(b) || a.seq - b.seq);
  const purged = settled.filter((row) => dueAt(row) <= nowMs).slice(0, limit);
  for (const row of purged) tables.replace(row, null);
  const next = settled[purged.length];
  return { kind: 'purgedSettled', count: purged.length, nextDueAtMs: next?.dueAtMs ?? null };
}
