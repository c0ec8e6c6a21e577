/** The order of edits, in numbers: stamps at their limits, and the devices that a record has room for. */

import { describe, expect, test } from 'vitest';
import {
  advanceVector,
  CLOCK_DRIFT_MAX_MS,
  compareStamps,
  compareVectors,
  countOf,
  DEVICES_MAX,
  devicesWithin,
  joinVectors,
  nextStamp,
  stampAfter,
  vectorFrom,
} from '../../../../machines/merge/clock/hybridClock.ts';

describe('CF-1 the stamp of an edit', () => {
  test('CF-1 is the wall clock where that has gone on, and counts where it has not', () => {
    const last = { ms: 10, c: 3 };
    expect(nextStamp(last, 11)).toEqual({ ms: 11, c: 0 });
    expect(nextStamp(last, 10)).toEqual({ ms: 10, c: 4 });
    expect(nextStamp(last, 9)).toEqual({ ms: 10, c: 4 });
    expect(nextStamp({ ms: 10, c: 65_534 }, 0)).toEqual({ ms: 10, c: 65_535 });
    expect(nextStamp({ ms: 10, c: 65_535 }, 0)).toEqual({ ms: 11, c: 0 });
  });

  test('CF-1 is after another that was seen, as far ahead as a clock may be', () => {
    const last = { ms: 10, c: 3 };
    expect(stampAfter(last, { ms: 10, c: 7 }, 0)).toEqual({ ms: 10, c: 8 });
    expect(stampAfter(last, { ms: 10, c: 2 }, 0)).toEqual({ ms: 10, c: 4 });
    const ahead = { ms: CLOCK_DRIFT_MAX_MS + 10, c: 5 };
    expect(stampAfter(last, ahead, 10)).toEqual({ ms: ahead.ms, c: 6 });
    expect(stampAfter(last, ahead, 9)).toEqual({ ms: 10, c: 4 });
  });

  test('CF-1 goes by time, then by count', () => {
    expect(compareStamps({ ms: 2, c: 0 }, { ms: 1, c: 9 })).toBeGreaterThan(0);
    expect(compareStamps({ ms: 1, c: 1 }, { ms: 1, c: 2 })).toBeLessThan(0);
    expect(compareStamps({ ms: 1, c: 1 }, { ms: 1, c: 1 })).toBe(0);
  });
});

describe('CF-1 what a state has seen', () => {
  test.each([
    [{}, {}, 'equal'],
    [{ a: 1 }, { a: 1, b: 0 }, 'equal'],
    [{ a: 2 }, { a: 1 }, 'after'],
    [{ a: 1 }, { a: 1, b: 1 }, 'before'],
    [{ a: 2 }, { a: 1, b: 1 }, 'concurrent'],
  ] as const)('CF-1 %j is to %j %s', (one, other, expected) => {
    expect(compareVectors(one, other)).toBe(expected);
  });

  test('CF-1 two states have seen together what either has, in the order of names', () => {
    expect(Object.entries(joinVectors({ b: 1, a: 5 }, { c: 2, a: 3 }))).toEqual([
      ['a', 5],
      ['b', 1],
      ['c', 2],
    ]);
    expect(advanceVector({ a: 1 }, 'b')).toEqual({ a: 1, b: 1 });
    expect(advanceVector({ a: 1 }, 'a')).toEqual({ a: 2 });
  });

  test('CF-1 what is no count counts 0', () => {
    const odd = { a: -1, b: 1.5, c: '1', d: Number.NaN, e: 2 ** 53, f: 0 } as never;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'toString'])
      expect(countOf(odd, name)).toBe(0);
    expect(vectorFrom(odd)).toEqual({ f: 0 });
    expect(vectorFrom({ a: 3 })).toEqual({ a: 3 });
    for (const none of [null, 'a', 1, [1]]) expect(vectorFrom(none)).toBeNull();
  });

  test('CF-1 the longest silent devices go first, and the one that is kept and the server stay', () => {
    const vv = { a: 1, b: 5, c: 9, srv: 1, me: 1 };
    const heard = { a: 30, b: 20, c: 20, me: 1 };
    expect(devicesWithin(vv, heard)).toEqual(['a', 'b', 'c', 'srv', 'me']);
    expect(devicesWithin(vv, heard, 5)).toHaveLength(5);
    expect(devicesWithin(vv, heard, 4, 'me')).toEqual(['me', 'srv', 'a', 'c']);
    expect(devicesWithin(vv, heard, 4)).toEqual(['srv', 'a', 'c', 'b']);
    expect(devicesWithin({ y: 1, x: 1, z: 1 }, {}, 2)).toEqual(['x', 'y']);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at}`, 1]));
    expect(devicesWithin(many, {})).toHaveLength(DEVICES_MAX);
  });
});
