/**
 * Whose delivery of a crisis gets a slot (CR-2).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type SlotAsker,
  type SlotsTaken,
  slotFor,
  slotShares,
} from '../../../../machines/policy/crisis/crisisSlotShares.ts';

const NONE: SlotsTaken = { shared: 0, firstOnly: 0 };

test('CR-2 half of the slots are for first attempts, and half of these for newcomers', () => {
  expect(slotShares(16)).toEqual({ shared: 8, firstOnly: 8, newcomersOnly: 4, subjectMax: 4 });
  expect(slotShares(1)).toEqual({ shared: 1, firstOnly: 0, newcomersOnly: 0, subjectMax: 1 });
});

test.each<[string, SlotAsker, SlotsTaken, ReturnType<typeof slotFor>]>([
  ['a first attempt', { isFirst: true, held: 0 }, NONE, 'firstOnly'],
  ['a repeat', { isFirst: false, held: 0 }, NONE, 'shared'],
  [
    'a repeat when the shared ones are taken',
    { isFirst: false, held: 0 },
    { shared: 8, firstOnly: 0 },
    null,
  ],
  [
    'a newcomer when only its own are left',
    { isFirst: true, held: 0 },
    { shared: 8, firstOnly: 7 },
    'firstOnly',
  ],
  ['a newcomer when none is left', { isFirst: true, held: 0 }, { shared: 8, firstOnly: 8 }, null],
  [
    'another of a subject that holds one',
    { isFirst: true, held: 1 },
    { shared: 8, firstOnly: 4 },
    null,
  ],
  [
    'the same while there are shared ones',
    { isFirst: true, held: 1 },
    { shared: 7, firstOnly: 4 },
    'shared',
  ],
  ['a subject that holds its share', { isFirst: true, held: 4 }, NONE, null],
])('CR-2 of 16 slots: %s', (_, asker, taken, part) => {
  expect(slotFor(asker, taken, slotShares(16))).toBe(part);
});

test('CR-2 of free slots the first always goes to somebody: a repeat, or a first attempt, of anyone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.boolean(), (slotsMax, isFirst) => {
      expect(slotFor({ isFirst, held: 0 }, NONE, slotShares(slotsMax))).not.toBeNull();
    }),
  );
});
