import { describe, expect, test } from 'vitest';
import { defineEntity } from '../../../../machines/merge/declaration/defineEntity.ts';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import { type OwnRule, ownRule } from '../../../../machines/merge/rules/ownRule.ts';
import { latest } from '../../../../machines/merge/rules/single.ts';
import { A, B, NOW } from '../../../support/merge/two.ts';

interface Habit {
  readonly streak: number;
  readonly start?: string;
  readonly end?: string;
}

function merged(resolve: OwnRule<number>['resolve']) {
  const habit = defineEntity<Habit>()({
    type: 'habit',
    fields: { streak: ownRule({ says: 'The shortest.', resolve }) },
    groups: { days: { names: ['start', 'end'], rule: latest() } },
  });
  const sides = [
    { value: { streak: 5, start: 'mo', end: 'tu' }, meta: A },
    { value: { streak: 3, start: 'we', end: 'fr' }, meta: B },
  ];
  return mergeEntity(habit, { streak: 9 }, sides, NOW);
}

describe('CF-3 CF-6 a rule of the app’s own', () => {
  test('decides by what was before and what devices wrote, the latest first', () => {
    const result = merged((base, choices) => ({
      value: Math.min(base ?? 0, ...choices.map(({ value }) => value)),
      ...(choices[0]?.actor === 'device-B' ? { review: 'shorter than before' } : {}),
    }));
    expect(result.value).toEqual({ streak: 3, start: 'we', end: 'fr' });
    expect(result.review).toMatchObject([
      {
        path: '/streak',
        reason: 'shorter than before',
        alternatives: [{ value: 3 }, { value: 5 }],
      },
    ]);
    expect(result.audit.map(({ path }) => path)).toEqual(['', '/streak']);
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
    ],
    ['gives nothing', () => undefined],
    ['gives what JSON does not hold', () => ({ value: () => 1 })],
  ])('one that %s is passed by', (_, resolve) => {
    const result = merged(resolve as OwnRule<number>['resolve']);
    expect(result.value).toMatchObject({ streak: 3 });
    expect(result.review).toMatchObject([{ reason: 'the rule failed' }]);
  });
});
