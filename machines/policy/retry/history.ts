/**
 * What happened to an operation, kept with it (AU-1).
 *
 * @module
 */

import type { ErrorCode } from '../../vocabulary/errors.ts';
import type { FailureClass } from './classifyFailure.ts';

/** One line of an operation's history. */
export interface HistoryEntry {
  /** When it happened: for an attempt, when it ended. */
  readonly atMs: number;
  readonly what:
    | 'failed'
    | 'crashed'
    | 'interrupted'
    | 'merged'
    | 'retryRequested'
    | 'replayRequested'
    | 'editedReplayRequested'
    | 'calledOff';
  readonly attempt: number;
  readonly code: ErrorCode | null;
  /** When the attempt that failed had begun; what lies before it back to the last entry was waiting. */
  readonly startedAtMs?: number | undefined;
  readonly failureClass?: FailureClass | undefined;
  /** Where the handler failed with an exception of its own: its class and place, `TypeError at src/pay.js:12`. */
  readonly exception?: string | undefined;
}

/** How many entries are kept with the operation. */
export const HISTORY_MAX = 32;

/**
 * How many of the crashes in a row, of which `crashes` are held against it, found it beside others
 * though it was to run alone.
 */
export function crashesBeside({
  history,
  crashes,
}: {
  readonly history: readonly HistoryEntry[];
  readonly crashes: number;
}): number {
  const lastOther = history.findLastIndex(
    ({ what }) => what !== 'crashed' && what !== 'interrupted',
  );
  const inARow = history.slice(lastOther + 1).filter(({ what }) => what === 'crashed').length;
  return Math.max(0, inARow - crashes);
}

/** The newest {@link HISTORY_MAX} entries, with one more. */
export function withEntry(
  history: readonly HistoryEntry[],
  entry: HistoryEntry,
): readonly HistoryEntry[] {
  return [...history.slice(1 - HISTORY_MAX), entry];
}
