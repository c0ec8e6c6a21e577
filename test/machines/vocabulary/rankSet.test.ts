import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  leastUrgent,
  lessUrgent,
  mostUrgent,
  NO_RANKS,
  only,
  URGENCY_MAX,
  upTo,
} from '../../../machines/vocabulary/urgency.ts';

const anyRank = fc.integer({ min: 0, max: URGENCY_MAX });
/** Or one before the first. */
const anyBound = fc.integer({ min: -1, max: URGENCY_MAX });

test('DG-2 a set of ranks answers as a sorted list does', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyRank), anyBound, (ranks, bound) => {
      const set = ranks.reduce((all, rank) => all | only(rank), NO_RANKS);
      const sorted = ranks.toSorted((a, b) => a - b);
      expect(mostUrgent(set)).toBe(sorted[0] ?? Number.POSITIVE_INFINITY);
      expect(leastUrgent(set)).toBe(sorted.at(-1) ?? -1);
      expect(mostUrgent(lessUrgent(set, bound))).toBe(
        sorted.find((rank) => rank > bound) ?? Number.POSITIVE_INFINITY,
      );
      expect(leastUrgent(set & upTo(bound))).toBe(sorted.findLast((rank) => rank <= bound) ?? -1);
    }),
  );
});
