/** What a crisis passes by, and nothing else does (CR-2, CR-4). */

import { expect, test } from 'vitest';
import {
  PASSED_BY,
  type Passed,
  passesBy,
} from '../../../../machines/policy/crisis/crisisBounds.ts';
import { TIERS, urgencyOf } from '../../../../machines/vocabulary/urgency.ts';

const ALL = Object.keys(PASSED_BY) as Passed[];

test('CR-2 a crisis waits for nothing that is in the table, by its priority or its rank', () => {
  expect(ALL).toEqual([
    ...['room', 'storage', 'bulk', 'flow', 'duplicates', 'expiry', 'type', 'handler'],
  ]);
  for (const what of ALL) {
    expect(passesBy(what, { priority: 'crisis' }), what).toBe(true);
    for (const tier of TIERS) {
      expect(passesBy(what, { urgency: urgencyOf('crisis', tier) }), what).toBe(true);
    }
  }
});

test('CR-2 other work passes by nothing, and a crisis by nothing that is not in the table', () => {
  for (const priority of ['high', 'normal', 'low'] as const) {
    for (const what of ALL) {
      expect(passesBy(what, { priority }), what).toBe(false);
      expect(passesBy(what, { urgency: urgencyOf(priority, 'premium') }), what).toBe(false);
    }
  }
  expect(passesBy('consent' as Passed, { priority: 'crisis' })).toBe(false);
});
