/**
 * Keys are left out of edits that meet nobody, any of them, at any depth. `UNMENTIONED_RUNS=5000 npx vitest run
 * test/machines/conflict/unmentioned.property.test.ts` runs it so many times; a failure prints its seed.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dropping, RECORDS_OF, tryDropping } from '../../support/conflict/dropping.ts';
import { RULES_OF_THE_HOUSE } from '../../support/conflict/fleet.ts';

const RUNS = Number(process.env['UNMENTIONED_RUNS'] ?? 150);

describe('CF-7 keys that an edit leaves out, though it meets nobody', () => {
  test.each(Object.keys(RECORDS_OF))('CF-7 are not lost: %s', (type) => {
    fc.assert(
      fc.property(dropping(type), (edit) => {
        expect(tryDropping(type, edit).lost).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('CF-7 control: lost, where what an app gave goes out as it is', () => {
    const asGiven: typeof RULES_OF_THE_HOUSE.compareEdit = (comparison) => {
      const compared = RULES_OF_THE_HOUSE.compareEdit(comparison);
      if (compared.kind !== 'merge') return compared;
      const made = RULES_OF_THE_HOUSE.mergeEdit({ ...comparison, current: compared.current });
      if (!made.isMerged) throw new Error(made.because);
      const { payload } = comparison.edit.body;
      return { kind: 'clear', merged: { ...made.merged, payload } };
    };
    const lossy = fc.check(
      fc.property(dropping('crisis_plan'), (edit) => {
        expect(tryDropping('crisis_plan', edit, asGiven).lost).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(lossy.failed).toBe(true);
  });
});
