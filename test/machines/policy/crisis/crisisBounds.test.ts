/** Within which bounds a setting holds for crises (CR-2). */

import { expect, test } from 'vitest';
import {
  crisisPayloadBytesMax,
  crisisRetry,
  crisisTimeoutMs,
} from '../../../../machines/policy/crisis/crisisBounds.ts';

test('CR-2 an attempt has time, and does not hang for ever', () => {
  expect([1, 8_000, 1e12].map(crisisTimeoutMs)).toEqual([5_000, 8_000, 25_000]);
});

test('CR-2 it is retried without end, neither in a storm nor after a silence', () => {
  const retry = (attemptsMax: number, thenEveryMs: number | null) =>
    crisisRetry({ attemptsMax, thenEveryMs, giveUpAfterMs: 1 });
  expect(retry(10, 5_000)).toEqual({ attemptsMax: 10, thenEveryMs: 5_000, giveUpAfterMs: null });
  expect(retry(1_000, 1)).toMatchObject({ attemptsMax: 20, thenEveryMs: 1_000 });
  expect(retry(1, 1e12)).toMatchObject({ attemptsMax: 1, thenEveryMs: 30_000 });
  expect(retry(1, null)).toMatchObject({ thenEveryMs: 30_000 });
});

test('CR-2 something of what was said is always taken', () => {
  expect([1, 10_000].map(crisisPayloadBytesMax)).toEqual([8_192, 10_000]);
});
