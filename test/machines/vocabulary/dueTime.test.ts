/**
 * A due time found by a process that does not know how far the clock was set back (RT-4).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { clampDueTime } from '../../../machines/vocabulary/clock.ts';

test('RT-4 what remains of a wait is never longer than the whole was', () => {
  expect(clampDueTime(5_000, 4_000, 2_000)).toBe(5_000);
  expect(clampDueTime(5_000, 3_000, 2_000)).toBe(5_000);
  expect(clampDueTime(5_000, 1_000, 2_000)).toBe(3_000);
  expect(clampDueTime(5_000, 9_000, 2_000)).toBe(5_000);
});
