/** Whether a merge has lost a word that a side wrote. */

import { describe, expect, test } from 'vitest';
import { declareEntity } from '../../../machines/merge/declaration/entityRules.ts';
import { lostIn } from '../../../machines/merge/lost.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import { computed } from '../../../machines/merge/rules/fields.ts';
import { latest } from '../../../machines/merge/rules/single.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

const rules = declareEntity({
  ...{ type: 'r', title: 'r', authority: 'nobody', leavesOut: ['pin'] },
  fields: { sum: computed('It follows.') },
  other: anything(latest()),
});

const lost = (
  base: Json,
  sides: readonly Json[],
  value: Json,
  told: { review?: Json; audit?: Json } = {},
) =>
  lostIn(rules, { base, sides: sides.map((one) => ({ value: one })) }, {
    value,
    review: [],
    audit: [],
    mergeId: '',
    ...told,
  } as never);

describe('CF-6 a word that is nowhere after a merge is lost', () => {
  test.each<[string, Json, Json[], Json, Json[]]>([
    ['what is there is not', { a: 'x' }, [{ a: 'y' }], { a: 'y' }, []],
    ['what was there before, and was replaced, is not', { a: 'x' }, [{ a: 'x' }], { a: 'y' }, []],
    ['what a side wrote is', { a: 'x' }, [{ a: 'y' }, { a: 'z' }], { a: 'y' }, ['z']],
    ['a number, and false', {}, [{ a: 1, b: false }], {}, [false, 1]],
    ['nothing is no word', { a: 'x' }, [{ a: null }], { a: 'x' }, []],
    ['at any depth, in lists', {}, [{ a: [{ b: ['deep'] }] }], { a: [] }, ['deep']],
    ['in another place it is there', {}, [{ a: 'x' }], { b: [{ c: 'x' }] }, []],
    ['text whose lines are all there is not', {}, [{ a: 'x\ny' }], { a: 'y\nz\nx' }, []],
    ['text of which a line is not there is', {}, [{ a: 'x\ny' }], { a: 'x\nz' }, ['x\ny']],
    ['text beside a number of its kind', {}, [{ a: '1' }], { a: 1 }, ['1']],
    ['what is computed is no word of a side', {}, [{ sum: 7 }], {}, []],
    ['below the top it is one', {}, [{ a: { sum: 7 } }], {}, [7]],
    ['what is never kept is not looked for', {}, [{ a: 'x', pin: '1234' }], { a: 'x' }, []],
    ['an accent composed otherwise is the same', {}, [{ a: 'e\u0301' }], { a: '\u00e9' }, []],
  ])('CF-6 %s', (_, base, sides, value, expected) => {
    expect(lost(base, sides, value)).toEqual(expected);
  });

  test('CF-6 what a person is asked, and what the audit has, is not lost', () => {
    expect(lost({}, [{ a: 'x' }], {}, { review: [{ alternatives: [{ value: 'x' }] }] })).toEqual(
      [],
    );
    expect(lost({}, [{ a: 'x' }], {}, { audit: [{ lost: [{ value: 'x' }] }] })).toEqual([]);
    expect(lost({}, [{ a: 'x' }], {}, { audit: [{ lost: [{ value: 'y' }] }] })).toEqual(['x']);
  });
});
