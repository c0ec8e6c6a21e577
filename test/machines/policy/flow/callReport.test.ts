/** What the end of a call counts as, and what a meter remembers of it (CB-1, PF-6). */

import { expect, test } from 'vitest';
import { resultOf, SILENT, UNUSED } from '../../../../machines/policy/flow/callReport.ts';

test('CB-1 an answer is a success, an outage a failure, and a pause or silence neither', () => {
  expect(resultOf({ sign: 'answered' })).toBe('success');
  for (const sign of ['failed', 'unreachable', 'busy', 'timedOut'] as const) {
    expect(resultOf({ sign })).toBe('failure');
  }
  expect(resultOf({ sign: 'pushedBack' })).toBe('ignored');
});

test('CB-1 what says nothing and what was not used are two reports that nobody can change', () => {
  for (const report of [SILENT, UNUSED]) {
    expect(report).toEqual({ sign: 'silent' });
    expect([resultOf(report), Object.isFrozen(report)]).toEqual(['ignored', true]);
  }
  expect(SILENT).not.toBe(UNUSED);
});
