/**
 * When a start that failed is tried again (SV-6).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  type FailedStart,
  noteFailedStart,
  planStart,
} from '../../../../machines/policy/service/restartPolicy.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';

const owned = new HoldfastError('HF_STORE_OWNED', 'owned', { retry: 'later' });
const wrong = new HoldfastError('HF_KEY_WRONG', 'wrong', { retry: 'never' });

test('SV-6 the first failure is news, counts as one and is not due yet', () => {
  expect(noteFailedStart(null, owned)).toEqual({
    code: 'HF_STORE_OWNED',
    mayPass: true,
    inARow: 1,
    isNews: true,
    dueAtMs: null,
  });
});

test('SV-6 the same failure again is no news, another one is', () => {
  const first = noteFailedStart(null, owned);
  expect(noteFailedStart(first, owned)).toMatchObject({ inARow: 2, isNews: false });
  expect(noteFailedStart(first, wrong)).toMatchObject({ inARow: 2, isNews: true });
});

test('SV-6 what never passes by itself is not tried by itself', () => {
  expect(noteFailedStart(null, wrong).mayPass).toBe(false);
});

test('SV-6 waits double from a quarter of a second up to five seconds', () => {
  const failed: FailedStart = noteFailedStart(null, owned);
  const waits = [1, 2, 3, 4, 5, 6, 7, 100, 5_000].map(
    (inARow) => planStart({ ...failed, inARow }, 1_000).dueAtMs,
  );
  expect(waits).toEqual([...[1_250, 1_500, 2_000, 3_000, 5_000], ...[6_000, 6_000, 6_000, 6_000]]);
  expect(planStart(failed, 1_000)).toEqual({ ...failed, dueAtMs: 1_250 });
});
