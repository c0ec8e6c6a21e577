/**
 * What becomes of a merged record of which a person is asked something.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defineEntity } from '../../../../machines/merge/declaration/defineEntity.ts';
import { ENTITIES } from '../../../../machines/merge/entities/entities.ts';
import { entityRulesOf } from '../../../../machines/merge/entities/rulesOf.ts';
import { both } from '../../../../machines/merge/rules/single.ts';

describe('CF-6 while a person is asked', () => {
  test('CF-6: what somebody in need reads goes out, what moves money waits', () => {
    const ofEach = Object.fromEntries(
      ENTITIES.map(({ type, whileInReview }) => [type, whileInReview]),
    );
    expect(ofEach).toEqual({
      crisis_plan: 'goesOut',
      assessment: 'goesOut',
      mood_entry: 'goesOut',
      mood_log: 'goesOut',
      session: 'goesOut',
      preferences: 'goesOut',
      subscription: 'waits',
      payment_method: 'waits',
      invoice: 'waits',
      entitlement: 'waits',
    });
  });

  test('CF-6: what nobody declared waits', () => {
    const declaration = { type: 'note', fields: { title: both() } };
    const define = defineEntity<{ title: string }>();
    expect(entityRulesOf('not declared').whileInReview).toBe('waits');
    expect(define(declaration).whileInReview).toBe('waits');
    expect(define({ ...declaration, whileInReview: 'goesOut' }).whileInReview).toBe('goesOut');
  });

  test('CF-4: it is in the tables that are approved', () => {
    const [, ...tables] = readFileSync('docs/machines/entities.md', 'utf8').split('\n## ');
    for (const { type, whileInReview } of ENTITIES) {
      const table = tables.find((one) => one.includes(`(\`${type}\`)`)) ?? '';
      const says = whileInReview === 'waits' ? 'waits:' : 'is sent and used;';
      expect(table).toContain(`While a person is asked, the merged record ${says}`);
    }
  });
});
