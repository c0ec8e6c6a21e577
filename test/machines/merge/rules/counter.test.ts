/**
 * A number that devices count up and down apart.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineEntity } from '../../../../machines/merge/declaration/defineEntity.ts';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import { counter } from '../../../../machines/merge/rules/counter.ts';
import { mergeLaws } from '../../../../src/testing/mergeLaws.ts';
import { A, B, NOW } from '../../../support/merge/two.ts';

const habit = defineEntity<{ cups: number }>()({ type: 'habit', fields: { cups: counter() } });

const merge = (base: unknown, ...values: readonly unknown[]) =>
  mergeEntity(
    habit,
    base === undefined ? null : { cups: base },
    values.map((cups, at) => ({ value: { cups }, meta: { ...A, actor: `device-${at}` } })),
    NOW,
  );

describe('CF-3 a counter', () => {
  test.each([
    [5, [6, 6], 7],
    [5, [7, 4], 6],
    [5, [6, 5], 6],
    [0, [1, 1, 1], 3],
    [0.1, [0.3], 0.3],
  ])('CF-3 adds what each device added: from %d, %j is %d', (base, values, expected) => {
    const { value, review } = merge(base, ...values);
    expect({ value, review }).toEqual({ value: { cups: expected }, review: [] });
  });

  test('CF-6 what devices had is in the audit', () => {
    expect(merge(5, 7, 4).audit).toMatchObject([
      {
        path: '/cups',
        reason: 'what each added is added',
        kept: 6,
        lost: [{ value: 4 }, { value: 7 }],
      },
    ]);
  });

  test('CF-3 the same edit, told of twice, counts once', () => {
    const side = { value: { cups: 6 }, meta: A };
    expect(mergeEntity(habit, { cups: 5 }, [side, side, { ...side, meta: B }], NOW).value).toEqual({
      cups: 7,
    });
  });

  test('CF-6 without what it was before the largest stands, and a person is asked', () => {
    expect(merge(undefined, 105, 106)).toMatchObject({
      value: { cups: 106 },
      review: [{ reason: 'what it was before is not known', alternatives: [{}, {}] }],
    });
    expect(merge(undefined, 106, 106)).toMatchObject({ value: { cups: 106 }, review: [] });
    expect(merge('5', 6, 'seven')).toMatchObject({
      value: { cups: 6 },
      review: [{ reason: 'not a number' }],
    });
    expect(merge(5, 'six')).toMatchObject({
      value: { cups: 5 },
      review: [{ reason: 'not a number' }],
    });
  });

  test('CF-7 is not known to who does not have it, and null does not take it out', () => {
    expect(mergeEntity(habit, { cups: 5 }, [{ value: {}, meta: A }], NOW).value).toEqual({
      cups: 5,
    });
    expect(merge(5, null)).toMatchObject({ value: { cups: 5 }, review: [{ path: '/cups' }] });
  });

  test('CF-3 comes to what all of them counted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -99, max: 99 }),
        fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 5 }),
        (base, added) => {
          const counted = added.map((one) => base + one);
          expect(merge(base, ...counted).value).toEqual({
            cups: added.reduce((all, one) => all + one, base),
          });
        },
      ),
    );
  });

  test('CF-2 holds the laws of merges that an app tries on its entity', () => {
    const { broken } = mergeLaws(habit, {
      value: (random) => ({ cups: random.pick([0, 1, 2, 3]) }),
    });
    expect(broken).toEqual([]);
  });
});
