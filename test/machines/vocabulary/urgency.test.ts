/**
 * Who waits for whom (RT-1, DG-2).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  builtInOf,
  isTierName,
  ofClass,
  PRIORITIES,
  paceTier,
  RETRY_CLASSES,
  TIERS,
  tierNamed,
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

const CLASSES = { crisis: 'crisis', premium: 'premium', basic: 'basic', trial: 'trial' };

test('RT-1 the class of retries is crisis, or else the tier', () => {
  expect(RETRY_CLASSES).toEqual(['crisis', ...TIERS]);
  for (const tier of TIERS) {
    expect(ofClass(CLASSES, { priority: 'crisis', tier })).toBe('crisis');
    for (const priority of ['high', 'normal', 'low'] as const) {
      expect(ofClass(CLASSES, { priority, tier })).toBe(tier);
    }
  }
});

test('RT-1 work of an own tier has its values, and those of the tier that it is like once it is gone', () => {
  const gold = { tier: 'gold', like: 'premium', priority: 'normal' } as const;
  expect(ofClass({ ...CLASSES, gold: 'gold' }, gold)).toBe('gold');
  expect(ofClass(CLASSES, gold)).toBe('premium');
  expect(builtInOf(gold)).toBe('premium');
  expect(builtInOf({ tier: 'trial' })).toBe('trial');
});

test('OP-4 the pace is that of a rank whose tier pays for more, else its own', () => {
  const guest = { tier: 'guest', like: 'trial' } as const;
  expect(paceTier(guest, urgencyOf('low', 'basic'))).toEqual({ tier: 'basic' });
  expect(paceTier(guest, urgencyOf('high', 'trial'))).toBe(guest);
  expect(paceTier({ tier: 'premium' }, urgencyOf('high', 'trial'))).toEqual({ tier: 'premium' });
  expect(paceTier(guest, 0)).toBe(guest);
});

test('UX-2 tiers are found by name, the own ones with what they are like', () => {
  const own = new Map([['gold', 'premium']] as const);
  expect(tierNamed('gold', own)).toEqual({ tier: 'gold', like: 'premium' });
  expect(tierNamed('basic', own)).toEqual({ tier: 'basic' });
  expect(tierNamed('crisis', own)).toBeUndefined();
  const names = ['gold', 'A-1_b', 'x'.repeat(32), 'crisis', '1a', '', 'a b', 'x'.repeat(33), 7];
  expect(names.map(isTierName)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
