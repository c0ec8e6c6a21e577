/**
 * The laws of merges, for each entity. `MERGE_LAW_RUNS=100000 npx vitest run test/machines/merge/laws.test.ts`
 * runs them so many times; a failure prints its seed.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entityRulesOf } from '../../../machines/merge/entities/entities.ts';
import { lawsBrokenBy } from '../../../src/testing/lawsOfMerges.ts';
import { casesOf, RECORDS } from '../../support/merge/arbitraries.ts';

const RUNS = Number(process.env['MERGE_LAW_RUNS'] ?? 300);
const LIMIT_MS = 3_600_000;

describe('CF-2 CF-6 the laws of merges', () => {
  test.each(Object.keys(RECORDS))(
    'hold of %s',
    (type) => {
      const rules = entityRulesOf(type);
      const record = RECORDS[type] ?? fc.constant(null);
      fc.assert(
        fc.property(casesOf(record), (one) => {
          expect(lawsBrokenBy(rules, one)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );
});
