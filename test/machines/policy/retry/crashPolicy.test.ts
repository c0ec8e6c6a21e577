/**
 * How work that may kill the process is told from bystanders (RT-4).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  CRASHED,
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
  isCulprit,
  pauseBeforeAloneMs,
} from '../../../../machines/policy/retry/crashPolicy.ts';

test('RT-4 three crashes in company and three alone make the culprit, and no fewer', () => {
  expect([CRASHES_IN_A_ROW_MAX, CRASHES_ALONE_MAX]).toEqual([3, 3]);
  expect([0, 1, 2, 3, 4, 5, 6].map((crashes) => isCulprit(crashes, true))).toEqual([
    ...[false, false, false, false, false],
    ...[true, true],
  ]);
});

test('RT-4 the process must live longer and longer without it before it runs alone again', () => {
  expect([0, 2, 3].map(pauseBeforeAloneMs)).toEqual([0, 0, 0]);
  expect([4, 5, 6, 60].map(pauseBeforeAloneMs)).toEqual([1_000, 5_000, 5_000, 5_000]);
});

test('RT-4 UX-2 its ending says what happened, and that it will happen again', () => {
  expect(CRASHED).toEqual({
    code: 'HF_CRASHES_PROCESS',
    failureClass: 'permanent',
    message: expect.stringMatching(/process died each time .+, 3 times while it ran alone\.$/),
  });
});
