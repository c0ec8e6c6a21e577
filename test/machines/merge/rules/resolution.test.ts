/** What a rule of an app's own is given, and what of its answer counts. */

import { describe, expect, test } from 'vitest';
import { defineEntity } from '../../../../machines/merge/declaration/defineEntity.ts';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import { type OwnRule, ownRule } from '../../../../machines/merge/rules/ownRule.ts';
import { A, B, MINUTE, NOW, sworn } from '../../../support/merge/two.ts';

function merged(resolve: OwnRule<number>['resolve'], meta = A) {
  const rules = defineEntity<{ n: number }>()({
    type: 'tally',
    fields: { n: ownRule({ says: 'It is ours.', resolve }) },
  });
  const sides = [
    { value: { n: 5 }, meta },
    { value: { n: 3 }, meta: B },
  ];
  return mergeEntity(rules, { n: 9 }, sides, NOW);
}

describe('CF-3 an answer of an app’s own rule', () => {
  test('CF-3 is given what was before and each value, with whom it is of and whether that is proven', () => {
    const given: unknown[] = [];
    merged(
      (base, choices) => {
        given.push(base, ...choices);
        return { value: 1 };
      },
      sworn('billing', 0),
    );
    expect(given.slice(0, 3)).toEqual([
      9,
      { value: 3, actor: 'device-B', atMs: NOW - 5 * MINUTE, verified: false },
      { value: 5, actor: 'billing', atMs: NOW - 5 * MINUTE, verified: true },
    ]);
  });

  test.each<[string, unknown, string[]]>([
    ['without a word nobody is asked', { value: 1 }, []],
    ['with an empty one neither', { value: 1, review: '' }, []],
    ['with what is no text neither', { value: 1, review: 7 }, []],
    ['with a word a person is', { value: 1, review: 'odd' }, ['odd']],
    ['of null a person is asked', null, ['the rule failed']],
    ['of a number, too', 1, ['the rule failed']],
    ['of a text, which has no value, too', 'value', ['the rule failed']],
    ['of a function with one, too', Object.assign(() => 1, { value: 1 }), ['the rule failed']],
    ['that is no JSON, too', { value: undefined }, ['the rule failed']],
  ])('CF-3 %s', (_, answer, asked) => {
    const result = merged(() => answer as never);
    expect(result.review.map(({ reason }) => reason)).toEqual(asked);
    expect(result.review.every(({ rule }) => rule === 'own rule')).toBe(true);
    const isTaken = asked[0] !== 'the rule failed';
    expect(result.value).toEqual({ n: isTaken ? 1 : 3 });
    const reasons = result.audit.map(({ reason }) => reason);
    expect(reasons).toEqual([isTaken ? 'by a rule of the app' : 'a later edit stands']);
  });
});
