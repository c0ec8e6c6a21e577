/**
 * The history kept with an operation (AU-1).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  HISTORY_MAX,
  type HistoryEntry,
  withEntry,
} from '../../../machines/operation/syncOperationHistory.ts';

test('AU-1 entries are kept in order, and of many the newest', () => {
  expect(HISTORY_MAX).toBe(32);
  const entry = (atMs: number): HistoryEntry => ({ atMs, what: 'failed', attempt: 1, code: null });
  let history: readonly HistoryEntry[] = [];
  for (let atMs = 1; atMs <= 32; atMs += 1) {
    history = withEntry(history, entry(atMs));
    expect(history.map((each) => each.atMs)).toEqual(
      Array.from({ length: atMs }, (_, index) => index + 1),
    );
  }
  history = withEntry(history, entry(33));
  expect([history.length, history[0]?.atMs, history.at(-1)?.atMs]).toEqual([32, 2, 33]);
});
