/**
 * What a person reads of a conflict.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { ABSENCE } from '../../../machines/conflict/decision.ts';
import { detailsOf } from '../../../src/management/conflict.ts';
import { conflictOf } from '../../support/merge/conflictOf.ts';

describe('CF-6 what a person is asked', () => {
  test.each(['both are kept', ABSENCE])('CF-6 %s: the rule is told as a sentence', (rule) => {
    const record = conflictOf({ entity: 'mood_entry', base: {}, ours: { score: 1 }, theirs: {} });
    const alternatives = [record.value, null].map((value) => ({ value, actor: null, atMs: null }));
    const items = [{ id: 'q', path: '', rule, reason: 'why', alternatives }];
    expect(detailsOf({ ...record, items }).asked[0]?.says).toMatch(/^[A-Z].*\.$/);
  });
});
