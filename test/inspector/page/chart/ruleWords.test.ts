import { expect, test } from 'vitest';
import type { RuleModel } from '../../../../inspector/charts/chartData.ts';
import { meaningOf } from '../../../../inspector/page/chart/ruleWords.ts';

const rule = (kind: RuleModel['kind'], name: string, means: string): RuleModel => ({
  ...{ kind, name, means, text: '', uses: [] },
});
const model = {
  rules: [
    rule('guard', 'isShut', 'It is shut.'),
    rule('guard', 'isHeavy', 'It takes two.'),
    rule('guard', 'isBare', ''),
    rule('action', 'isShut', 'Shuts it.'),
  ],
};

test('OB-1 a guard is explained by the sentence of the chart', () => {
  expect(meaningOf(model, 'guard', 'isShut')).toBe('It is shut.');
  expect(meaningOf(model, 'guard', 'isHeavy(kind=isShut, isBare=2)')).toBe('It takes two.');
  expect(meaningOf(model, 'action', 'isShut')).toBe('Shuts it.');
  for (const text of ['isBare', 'isUnknown', '']) expect(meaningOf(model, 'guard', text)).toBe('');
});

test('OB-1 guards that are put together are explained each after its name', () => {
  expect(meaningOf(model, 'guard', 'not(isShut)')).toBe('isShut: It is shut.');
  expect(meaningOf(model, 'guard', 'and(not(isShut), isHeavy(kilos=2))')).toBe(
    'isShut: It is shut. isHeavy: It takes two.',
  );
});

test('OB-1 a chart of before rules had sentences explains none', () => {
  const { means: _, ...old } = rule('guard', 'isShut', '');
  expect(meaningOf({ rules: [old as RuleModel] }, 'guard', 'isShut')).toBe('');
});
