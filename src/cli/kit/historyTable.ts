/**
 * The history of an operation as a table.
 *
 * @module
 */

import type { ErrorCode } from '../../../machines/vocabulary/errors.ts';
import { table, timeOf } from './table.ts';

interface Entry {
  readonly atMs: number;
  readonly what: string;
  readonly attempt: number;
  readonly code: ErrorCode | null;
  readonly startedAtMs?: number | undefined;
  readonly failureClass?: string | undefined;
  readonly exception?: string | undefined;
}

/** A row for each attempt and each order, with how long it waited before and how long it took. */
export function historyTable(history: readonly Entry[], acceptedAtMs: number): string {
  const rows = history.map((entry, at) => {
    const since = history[at - 1]?.atMs ?? acceptedAtMs;
    const { startedAtMs } = entry;
    return [
      timeOf(entry.atMs),
      entry.what,
      entry.attempt,
      startedAtMs === undefined ? '' : `${startedAtMs - since} ms`,
      startedAtMs === undefined ? '' : `${entry.atMs - startedAtMs} ms`,
      [entry.failureClass, entry.code, entry.exception].filter(Boolean).join(' '),
    ];
  });
  return table(['at', 'what', 'attempt', 'waited', 'took', 'why'], rows);
}
