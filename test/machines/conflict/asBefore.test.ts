/**
 * What devices send and keep is what they sent and kept before, of many random encounters and histories. What travels with
 * a record is read by devices whose programs differ, and what is kept by the next version.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differenceFromBefore } from '../../support/asBefore.ts';
import { encounters, storyOf } from '../../support/conflict/encounter.ts';
import { options, play, wild } from '../../support/conflict/histories.ts';
import { RECORDS } from '../../support/merge/arbitraries.ts';

const FILE = 'edits-as-before.json';

test.each(Object.keys(RECORDS))(
  'CF-1 CF-6 CF-7 two edits that were made apart come to the same as before: %s',
  (type) => {
    const cases = fc.sample(encounters(type), { numRuns: 30, seed: 7 });
    expect(differenceFromBefore(FILE, type, cases, (how) => storyOf(type, how))).toBeNull();
  },
);

test.each([1, 2, 3])('CF-1 CF-6 histories of a fleet come to the same as before: %i', (seed) => {
  const cases = fc.sample(fc.tuple(options, wild), { numRuns: 15, seed });
  const difference = differenceFromBefore(FILE, `fleet ${seed}`, cases, ([its, history]) => {
    const { apps, versions, shown, audited, questions, unproven } = play(its, history);
    const kept = apps.map(({ record }) => record);
    return [kept, versions, [...shown], [...audited], questions, unproven];
  });
  expect(difference).toBeNull();
});
