/**
 * What merges come to is what they came to before, of many random cases of each entity and each policy. Devices whose
 * programs differ merge the same record.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lostIn } from '../../../machines/merge/lost.ts';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { differenceFromBefore } from '../../support/asBefore.ts';
import { SUBJECTS, subjects } from '../../support/laws/subjects.ts';
import { casesOf } from '../../support/merge/arbitraries.ts';

test.each(SUBJECTS.map(({ name }) => [name]))(
  'CF-2 CF-4 merges, and the words of their rules, are as before: %s',
  (name) => {
    const { rules, record } = subjects().find((one) => one.name === name) ?? unknown();
    const words = (rules.fields.parts ?? []).map(([part, { kind, says, asks }]) => [
      ...[part, kind, says, asks],
    ]);
    const cases = fc.sample(casesOf(record), { numRuns: 50, seed: 7 });
    const difference = differenceFromBefore('merges-as-before.json', name, cases, (one) => {
      const merged = mergeEntity(rules, one.base, one.sides, one.nowMs);
      return [words, merged, lostIn(rules, one, { ...merged, review: [], audit: [] })];
    });
    expect(difference).toBeNull();
  },
);

function unknown(): never {
  throw new Error('there is no such subject');
}
