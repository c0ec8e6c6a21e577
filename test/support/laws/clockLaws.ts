/**
 * Laws of clocks and of version vectors: L15 and L18.
 *
 * @module
 */

import fc from 'fast-check';
import { CLOCK_DRIFT_MAX_MS } from '../../../machines/merge/clock/hybridClock.ts';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { casesOf } from '../merge/arbitraries.ts';
import { CLOCK, type Law, must } from './law.ts';

const vector = fc.dictionary(fc.constantFrom('A', 'B', 'C', 'srv'), fc.nat(3));
const OPPOSITE = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' };

export const CLOCK_LAWS: readonly Law[] = [
  {
    id: 'L15',
    says: 'a clock goes only forward on its device, and no further ahead than its receipt allows',
    once: true,
    property: ({ clock = {} }) => {
      const { nextStamp, stampAfter, compareStamps, clampedMs } = { ...CLOCK, ...clock };
      const step = fc.tuple(fc.nat(9 * CLOCK_DRIFT_MAX_MS), fc.nat(1_000), fc.boolean());
      return fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let last = { ms: 500, c: 65_534 };
        for (const [ms, wallMs, isSeen] of steps) {
          const seen = { ms, c: 1 };
          const next = isSeen ? stampAfter(last, seen, wallMs) : nextStamp(last, wallMs);
          must(compareStamps(next, last) > 0, 'the clock went back');
          const isSound = ms <= wallMs + CLOCK_DRIFT_MAX_MS;
          if (isSeen && isSound) must(compareStamps(next, seen) > 0, 'not after what was seen');
          const latest = Math.max(last.ms + 1, wallMs + CLOCK_DRIFT_MAX_MS);
          must(next.ms <= latest, 'taken along by a clock that is ahead');
          must(clampedMs(ms, wallMs) <= wallMs + CLOCK_DRIFT_MAX_MS, 'ahead of its receipt');
          last = next;
        }
      }) as fc.IRawProperty<unknown>;
    },
  },
  {
    id: 'L15',
    says: 'a stamp from further ahead counts as its receipt',
    property: ({ rules, record }) =>
      fc.property(casesOf(record), fc.nat(9), ({ base, sides, nowMs }, days) => {
        const sentAhead = (aheadMs: number) =>
          sides.map(({ value, meta }) => ({
            value,
            meta: { ...meta, receivedAt: nowMs, hlc: { ms: nowMs + aheadMs, c: 0 } },
          }));
        const ahead = mergeEntity(rules, base, sentAhead(CLOCK_DRIFT_MAX_MS + 1 + days), nowMs);
        const honest = mergeEntity(rules, base, sentAhead(0), nowMs);
        const isSame = JSON.stringify(ahead.value) === JSON.stringify(honest.value);
        must(isSame, 'a clock that is ahead decides');
      }) as fc.IRawProperty<unknown>,
  },
  {
    id: 'L18',
    says: 'vectors compare as their opposites, and join above both',
    once: true,
    property: ({ clock = {} }) => {
      const { compareVectors, joinVectors, advanceVector } = { ...CLOCK, ...clock };
      return fc.property(vector, vector, (one, other) => {
        const isOpposite = compareVectors(other, one) === OPPOSITE[compareVectors(one, other)];
        must(isOpposite, 'both ways do not agree');
        must(compareVectors(one, { ...one }) === 'equal', 'not equal to itself');
        const both = joinVectors(one, other);
        for (const each of [one, other]) {
          must(['equal', 'after'].includes(compareVectors(both, each)), 'joined below one of them');
        }
        must(compareVectors(advanceVector(one, 'A'), one) === 'after', 'a change is no advance');
      }) as fc.IRawProperty<unknown>;
    },
  },
];
