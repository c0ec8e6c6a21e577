/**
 * Whose delivery of a crisis gets a slot (CR-2).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  mayHang,
  type SlotAsker,
  type SlotsTaken,
  slotFor,
  slotShares,
  UNDER_WAY_MAX,
} from '../../../../machines/policy/crisis/crisisSlotShares.ts';

const NONE: SlotsTaken = { shared: 0, firstOnly: 0, hanging: 0 };

test('CR-2 half of the slots are for first attempts, and half of these for newcomers', () => {
  expect(slotShares(16)).toEqual({
    shared: 8,
    firstOnly: 8,
    newcomersOnly: 4,
    subjectMax: 4,
    underWayMax: 512,
  });
  expect(slotShares(1)).toEqual({
    shared: 1,
    firstOnly: 0,
    newcomersOnly: 0,
    subjectMax: 1,
    underWayMax: 512,
  });
});

test.each<[string, SlotAsker, SlotsTaken, ReturnType<typeof slotFor>]>([
  ['a first attempt', { isFirst: true, held: 0, hanging: 0 }, NONE, 'firstOnly'],
  ['a repeat', { isFirst: false, held: 0, hanging: 0 }, NONE, 'shared'],
  [
    'a repeat when the shared ones are taken',
    { isFirst: false, held: 0, hanging: 0 },
    { shared: 8, firstOnly: 0, hanging: 0 },
    null,
  ],
  [
    'a newcomer when only its own are left',
    { isFirst: true, held: 0, hanging: 0 },
    { shared: 8, firstOnly: 7, hanging: 0 },
    'firstOnly',
  ],
  [
    'a newcomer when none is left',
    { isFirst: true, held: 0, hanging: 0 },
    { shared: 8, firstOnly: 8, hanging: 0 },
    null,
  ],
  [
    'another of a subject that holds one',
    { isFirst: true, held: 1, hanging: 0 },
    { shared: 8, firstOnly: 4, hanging: 0 },
    null,
  ],
  [
    'the same while there are shared ones',
    { isFirst: true, held: 1, hanging: 0 },
    { shared: 7, firstOnly: 4, hanging: 0 },
    'shared',
  ],
  [
    'a subject of which one hangs, when only those of newcomers are left',
    { isFirst: true, held: 0, hanging: 1 },
    { shared: 8, firstOnly: 4, hanging: 1 },
    null,
  ],
  ['a subject that holds its share', { isFirst: true, held: 4, hanging: 0 }, NONE, null],
])('CR-2 of 16 slots: %s', (_, asker, taken, part) => {
  expect(slotFor(asker, taken, slotShares(16))).toBe(part);
});

test('CR-2 as many are under way as there may be, with a slot or without, and no more', () => {
  const first: SlotAsker = { isFirst: true, held: 0, hanging: 0 };
  const shares = { ...slotShares(16), underWayMax: 20, shared: 9 };
  expect(slotFor(first, { shared: 5, firstOnly: 7, hanging: 7 }, shares)).toBe('firstOnly');
  expect(slotFor(first, { shared: 5, firstOnly: 7, hanging: 8 }, shares)).toBeNull();
});

test('CR-2 one that holds as many as it has hanging is no newcomer', () => {
  const taken = { shared: 8, firstOnly: 7, hanging: 1 };
  expect(slotFor({ isFirst: true, held: 1, hanging: 1 }, taken, slotShares(16))).toBeNull();
});

test('CR-2 of free slots the first always goes to somebody: a repeat, or a first attempt, of anyone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.boolean(), (slotsMax, isFirst) => {
      expect(slotFor({ isFirst, held: 0, hanging: 0 }, NONE, slotShares(slotsMax))).not.toBeNull();
    }),
  );
});

test('CR-2 while deliveries hang there is a slot more for each, for who has none under way', () => {
  const { firstOnly, newcomersOnly, ...others } = slotShares(16);
  expect(slotShares(16, 100)).toEqual({
    ...others,
    firstOnly: firstOnly + 100,
    newcomersOnly: newcomersOnly + 100,
  });
});

test('CR-2 however many hang, those under way are bounded', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat({ max: 2_000 }), (slotsMax, given) => {
      let hanging = 0;
      while (hanging < given && mayHang({ all: hanging, ofSubject: 0 }, slotsMax)) hanging += 1;
      const { shared, firstOnly } = slotShares(slotsMax, hanging);
      const bound = Math.max(UNDER_WAY_MAX, 2 * slotsMax);
      expect(shared + firstOnly + hanging).toBeLessThanOrEqual(bound);
    }),
  );
  // Of one subject, no more than there are slots.
  expect(mayHang({ all: 16, ofSubject: 15 }, 16)).toBe(true);
  expect(mayHang({ all: 16, ofSubject: 16 }, 16)).toBe(false);
});
