/**
 * What merges come to is what they came to before, of many random cases of each entity and each policy. Devices whose
 * programs differ merge the same record.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lostIn } from '../../../machines/merge/lost.ts';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { differenceFromBefore } from '../../support/asBefore.ts';
import { SUBJECTS } from '../../support/laws/subjects.ts';
import { casesOf } from '../../support/merge/arbitraries.ts';

test.each(SUBJECTS.map((one) => [one.name, one] as const))(
  'CF-2 CF-4 merges come to the same as before: %s',
  (name, { rules, record }) => {
    const cases = fc.sample(casesOf(record), { numRuns: 50, seed: 7 });
    const difference = differenceFromBefore('merges-as-before.json', name, cases, (one) => {
      const merged = mergeEntity(rules, one.base, one.sides, one.nowMs);
      return [merged, lostIn(rules, one, { ...merged, review: [], audit: [] })];
    });
    expect(difference).toBeNull();
  },
);
