/**
 * Who waits for whom (RT-1, DG-2).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  PRIORITIES,
  RETRY_CLASSES,
  retryClassOf,
  TIERS,
  URGENCY_MAX,
  urgencyOf,
} from '../../../machines/vocabulary/urgency.ts';

test('DG-2 CR-2 every crisis ranks first, then the priority counts, then the tier', () => {
  const ranks = PRIORITIES.map((priority) => TIERS.map((tier) => urgencyOf(priority, tier)));
  expect(PRIORITIES).toEqual(['crisis', 'high', 'normal', 'low']);
  expect(TIERS).toEqual(['premium', 'basic', 'trial']);
  expect(ranks).toEqual([
    [0, 0, 0],
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]);
  expect(URGENCY_MAX).toBe(9);
});

test('RT-1 the class of retries is crisis, or else the tier', () => {
  expect(RETRY_CLASSES).toEqual(['crisis', ...TIERS]);
  for (const tier of TIERS) {
    expect(retryClassOf('crisis', tier)).toBe('crisis');
    for (const priority of ['high', 'normal', 'low'] as const) {
      expect(retryClassOf(priority, tier)).toBe(tier);
    }
  }
});
