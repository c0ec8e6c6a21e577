import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advanceVector,
  CLOCK_DRIFT_MAX_MS,
  clampedMs,
  compareStamps,
  compareVectors,
  joinVectors,
  nextStamp,
  stampAfter,
  vectorFrom,
} from '../../../machines/merge/clock/hybridClock.ts';

const vector = fc.dictionary(fc.constantFrom('A', 'B', 'srv'), fc.nat(3));
const OPPOSITE = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' };

describe('CF-1 version vectors', () => {
  test('compare as their opposites, and join above both', () => {
    fc.assert(
      fc.property(vector, vector, (one, other) => {
        expect(compareVectors(other, one)).toBe(OPPOSITE[compareVectors(one, other)]);
        const both = joinVectors(one, other);
        expect(['equal', 'after']).toContain(compareVectors(both, one));
        expect(['equal', 'after']).toContain(compareVectors(both, other));
        expect(joinVectors(other, one)).toEqual(both);
        expect(compareVectors(advanceVector(one, 'A'), one)).toBe('after');
      }),
    );
  });

  test('what is no count counts 0', () => {
    expect(vectorFrom({ A: 1, B: -1, C: 'x', D: 1.5 })).toEqual({ A: 1 });
    for (const none of [null, undefined, 'A', [1]]) expect(vectorFrom(none)).toBeNull();
    expect(compareVectors({}, { toString: 1 })).toBe('before');
  });
});

describe('CF-1 hybrid clocks', () => {
  test('go only forward on a device, whatever its wall clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1_000), fc.nat(1_000), fc.boolean())), (steps) => {
        let last = { ms: 500, c: 65_534 };
        for (const [wallMs, ms, isSeen] of steps) {
          const next = isSeen ? stampAfter(last, { ms, c: 1 }, wallMs) : nextStamp(last, wallMs);
          expect(compareStamps(next, last)).toBeGreaterThan(0);
          if (isSeen) expect(compareStamps(next, { ms, c: 1 })).toBeGreaterThan(0);
          last = next;
        }
      }),
    );
  });

  test('are not taken along by one that is far ahead, and clamped to their receipt', () => {
    const far = { ms: CLOCK_DRIFT_MAX_MS + 2, c: 9 };
    expect(stampAfter({ ms: 0, c: 0 }, far, 1)).toEqual({ ms: 1, c: 0 });
    expect(clampedMs(CLOCK_DRIFT_MAX_MS, 0)).toBe(CLOCK_DRIFT_MAX_MS);
    expect(clampedMs(CLOCK_DRIFT_MAX_MS + 1, 0)).toBe(0);
  });
});
