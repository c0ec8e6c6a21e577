/**
 * The order of a list whose items devices moved, added and removed apart.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { declareEntity } from '../../../../machines/merge/declaration/entityRules.ts';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import { anything } from '../../../../machines/merge/rules/anything.ts';
import { list } from '../../../../machines/merge/rules/list.ts';
import { both } from '../../../../machines/merge/rules/single.ts';
import { A, B, NOW, removed } from '../../../support/merge/two.ts';

const rules = declareEntity({
  type: 'steps',
  title: 'steps',
  authority: 'the user',
  fields: { it: list({ id: 'id', item: anything(both()), removing: 'confirmed' }) },
  other: anything(both()),
});
const of = (keys: string) => ({ it: keys.split('').map((id) => ({ id })) });

/** What comes of it, whichever of the two is told of first. */
function order(base: string, one: string, later: string, gone = '') {
  const paths = removed(...gone.split('').map((id) => `/it/${id}`));
  const sides = [
    { value: of(one), meta: { ...A, ...paths } },
    { value: of(later), meta: { ...B, ...paths } },
  ];
  const merged = mergeEntity(rules, of(base), sides, NOW);
  expect(mergeEntity(rules, of(base), sides.toReversed(), NOW)).toEqual(merged);
  const { it } = merged.value as ReturnType<typeof of>;
  return { keys: it.map(({ id }) => id).join(''), audit: merged.audit, review: merged.review };
}

describe('CF-3 a list that devices ordered apart', () => {
  test.each([
    ['one moved an item, the other another', 'abcde', 'bacde', 'abced', 'baced'],
    ['an earlier move, and a later addition', 'abc', 'cab', 'abcd', 'cabd'],
    ['an earlier addition, and a later move', 'abc', 'abcd', 'cab', 'cabd'],
    ['both moved an item to one place', 'abcd', 'dabc', 'dabc', 'dabc'],
    ['to the start and to the end', 'abcd', 'cabd', 'acdb', 'cadb'],
    ['both added at the end', 'ab', 'abx', 'aby', 'abxy'],
    ['both added in between', 'ab', 'axb', 'ayb', 'axyb'],
  ])('CF-3 keeps both: %s', (_, base, one, later, expected) => {
    const { keys, audit, review } = order(base, one, later);
    expect({ keys, audit, review }).toEqual({ keys: expected, audit: [], review: [] });
  });

  test('CF-3 of two moves of one item the later one stands, and the other is told', () => {
    const { keys, audit } = order('abcd', 'dabc', 'adbc');
    expect(keys).toBe('adbc');
    expect(audit).toMatchObject([
      {
        path: '/it',
        reason: 'a later move stands',
        kept: ['a', 'd', 'b', 'c'],
        lost: [{ value: ['d', 'a', 'b', 'c'], actor: 'device-A' }],
      },
    ]);
  });

  test('CF-3 what was removed takes no move with it', () => {
    expect(order('abcd', 'bacd', 'abd', 'c').keys).toBe('bad');
  });

  test('CF-3 an edit that meets nobody stands as it was ordered', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 5 }),
        fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'x', 'y'], { minLength: 7 }),
        (before, after) => {
          const base = of(before.join(''));
          const sides = [{ value: of(after.join('')), meta: A }];
          expect(mergeEntity(rules, base, sides, NOW).value).toEqual(sides[0]?.value);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('CF-3 each move is kept, or told', () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const move = fc.tuple(fc.nat(5), fc.nat(5));
    const moved = ([from, to]: readonly [number, number]) => {
      const rest = keys.filter((_, at) => at !== from);
      return [...rest.slice(0, to), keys[from] ?? '', ...rest.slice(to)].join('');
    };
    fc.assert(
      fc.property(move, move, (one, other) => {
        const { keys: now, audit } = order(keys.join(''), moved(one), moved(other));
        expect(now.split('').toSorted()).toEqual(keys);
        // Of the two that each moved, unless it was the same item, each is where it was put beside the rest.
        const rest = now.split('').filter((key) => key !== keys[one[0]] && key !== keys[other[0]]);
        expect(rest).toEqual(keys.filter((key) => rest.includes(key)));
        // Of two neighbours that changed places either may have been moved.
        const areClear = [one, other].every(([from, to]) => Math.abs(from - to) !== 1);
        if (areClear && (one[0] !== other[0] || one[1] === other[1])) expect(audit).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('CF-7 a removal makes no list and no object where there is none', () => {
    const tombstones = removed('/it/x', '/other/deep/y', '/more/x').tombstones ?? [];
    const sides = [{ value: { a: 1 }, meta: { ...A, tombstones } }];
    expect(mergeEntity(rules, { a: 2 }, sides, NOW)).toMatchObject({
      value: { a: 1 },
      review: [],
      audit: [],
    });
    expect(mergeEntity(rules, { a: 2 }, sides, NOW).value).toEqual({ a: 1 });
  });
});
