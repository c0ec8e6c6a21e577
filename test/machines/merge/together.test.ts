/**
 * What belongs together is never put together of parts.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { casesOf, RECORDS } from '../../support/merge/arbitraries.ts';

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

describe('CF-4 preferences', () => {
  test('CF-4: times that belong together are one device’s', () => {
    const hours = (each: unknown, base: unknown = {}) => {
      const own = { ...fieldsOf(base), ...fieldsOf(each) };
      return JSON.stringify(
        ['quietStart', 'quietEnd', 'quietTz'].map((name) => own[name] ?? null),
      ).normalize();
    };
    fc.assert(
      fc.property(casesOf(RECORDS['preferences'] ?? fc.constant(null)), (one) => {
        const { value } = mergeEntity('preferences', one.base, one.sides, one.nowMs);
        const sets = [hours(one.base), ...one.sides.map((side) => hours(side.value, one.base))];
        expect(sets).toContain(hours(value));
      }),
      { numRuns: 300 },
    );
  });
});
