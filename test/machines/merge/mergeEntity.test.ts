/** What a merge does around the rules of fields: what is left out, computed, checked and asked. */

import { describe, expect, test } from 'vitest';
import {
  declareEntity,
  type EntityDeclaration,
} from '../../../machines/merge/declaration/entityRules.ts';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import { computed } from '../../../machines/merge/rules/fields.ts';
import { latest } from '../../../machines/merge/rules/single.ts';
import { A, B, NOW } from '../../support/merge/two.ts';

const rulesOf = (more: Partial<EntityDeclaration>) =>
  declareEntity({
    ...{ type: 'r', title: 'r', authority: 'nobody', fields: {}, other: anything(latest()) },
    ...more,
  });
const merged = (more: Partial<EntityDeclaration>, base: unknown, ...values: unknown[]) =>
  mergeEntity(
    rulesOf(more),
    base,
    values.map((value, at) => ({ value, meta: at === 0 ? A : B })),
    NOW,
  );

describe('CF-4 a merge', () => {
  test('CF-7 keeps nothing of what is never kept, on whatever side', () => {
    const { value, review, audit } = merged(
      { leavesOut: ['pin'] },
      { pin: '1' },
      { a: 1, pin: '2' },
    );
    expect(value).toEqual({ a: 1 });
    expect(JSON.stringify([review, audit])).not.toContain('pin');
  });

  test('CF-4 without sides is what was before, with what follows from it', () => {
    const sum = { fields: { sum: computed('It follows.') }, computes: () => ({ sum: 3 }) };
    expect(merged(sum, { a: 1 }).value).toEqual({ a: 1, sum: 3 });
    expect(merged(sum, { a: 1, sum: 3 }).value).toEqual({ a: 1, sum: 3 });
    expect(merged(sum, null).value).toBeNull();
    expect(merged(sum, [1]).value).toEqual([1]);
    expect(merged(sum, 'x').value).toBe('x');
  });

  test('CF-4 has the fields that are put right in their order', () => {
    const check = {
      says: 'b is 2.',
      find: () => [{ path: '/b', reason: 'it was not', put: { b: 2 } }],
    };
    const { value } = merged({ checks: [check] }, { c: 1 }, { c: 3 });
    expect(JSON.stringify(value)).toBe('{"b":2,"c":3}');
  });

  test('CF-6 asks about what a check finds, with what there is to choose, once', () => {
    const alternatives = [{ value: 1, actor: null, atMs: null }];
    const found = (value: object) =>
      'odd' in value ? [{ path: '/odd', reason: 'it is odd', alternatives }] : [];
    const checks = [{ says: 'Nothing is odd.', find: found }];
    const asked = merged({ checks }, { a: 1 }, { a: 1, odd: true });
    expect(asked.review).toMatchObject([
      { path: '/odd', rule: 'Nothing is odd.', reason: 'it is odd', alternatives },
    ]);
    expect(merged({ checks }, { a: 1, odd: true }, { a: 2, odd: true }).review).toEqual([]);
    expect(merged({ checks }, null, { odd: true }).review).toHaveLength(1);
    expect(merged({ checks }, { a: 1 }, { a: 2 }).review).toEqual([]);
  });

  test('CF-6 one that finds no alternatives shows none', () => {
    const check = { says: 'It is not so.', find: () => [{ path: '/a', reason: 'it is so' }] };
    const { review } = merged({ checks: [check] }, null, { a: 1 });
    expect(review).toMatchObject([{ path: '/a', alternatives: [] }]);
  });

  test('CF-4 goes by rules that have no steps as well', () => {
    const whole = rulesOf({});
    const { projectInSteps: _, ...fields } = whole.fields;
    const sides = [{ value: { a: 2 }, meta: A }];
    const once = mergeEntity({ ...whole, fields }, { a: 1 }, sides, NOW);
    expect(once).toEqual(mergeEntity(whole, { a: 1 }, sides, NOW));
  });
});
