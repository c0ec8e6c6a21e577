/**
 * The history kept with an operation (AU-1).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  crashesBeside,
  HISTORY_MAX,
  type HistoryEntry,
  withEntry,
} from '../../../../machines/policy/retry/failureRuns.ts';

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

test('RT-4 crashes that found it beside others are those in a row that were not counted', () => {
  const entry = (what: HistoryEntry['what']): HistoryEntry => ({
    atMs: 1,
    what,
    attempt: 1,
    code: null,
  });
  const history = (['crashed', 'failed', 'crashed', 'interrupted', 'crashed'] as const).map(entry);
  expect(crashesBeside({ history, crashes: 1 })).toBe(1);
  expect(crashesBeside({ history, crashes: 3 })).toBe(0);
  expect(crashesBeside({ history: history.slice(0, 2), crashes: 0 })).toBe(0);
});
