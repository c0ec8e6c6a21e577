/** What each round of a ramp says, call by call (DG-3, PF-6). */

import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { SlotRamp } from '../../../../machines/policy/flow/slotRamp.ts';

type Known = Parameters<SlotRamp['start']>[1];

const known = (latencyMs: number, inFlight = 0, failureShare = 0): Known => ({
  ...{ latencyMs, inFlight },
  failureShare,
});

function rampFrom(slots: number, of: Known = null, before?: number): SlotRamp {
  const ramp = new SlotRamp(DEFAULT_FLOW_POLICY);
  ramp.start(slots, of, before);
  return ramp;
}

/** So many calls that begin together at this instant, with so many in flight. */
const begin = (ramp: SlotRamp, calls: number, inFlight: number, nowMs = 0): number[] =>
  Array.from({ length: calls }, () => ramp.began(inFlight, nowMs));

/** A whole round of eight, answered after these times; the slots after it. */
function round(ramp: SlotRamp, slots: number, ms: readonly number[], inFlight = slots): number {
  let open = slots;
  for (const [at, each] of begin(ramp, 8, inFlight).entries()) {
    const tookMs = ms[at % ms.length] ?? 0;
    open = ramp.answered(each, tookMs, open, tookMs);
    if (open < 0) return open;
  }
  return open;
}

describe('DG-3 which calls are of a round', () => {
  test('DG-3 eight, or a quarter of the slots; the others are of none, until it is over', () => {
    const ramp = rampFrom(8);
    const [first, ...others] = begin(ramp, 9, 8);
    expect(others.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => first));
    expect(others[7]).toBe(-1);
    const large = rampFrom(100);
    expect(begin(large, 26, 100).filter((each) => each !== -1)).toHaveLength(25);
    ramp.left(-1);
    expect(ramp.began(8, 0)).toBe(-1);
    ramp.left(first ?? 0);
    expect(ramp.began(8, 0)).toBe(first);
  });

  test('DG-3 a call of an earlier round, or of none, opens half a slot, and fails for nothing', () => {
    const ramp = rampFrom(8);
    expect(ramp.answered(-1, 100, 8, 100)).toBe(8.5);
    expect(ramp.failed(-1, 8, 100)).toBe(8);
    const limited = rampFrom(8, null, 8.2);
    expect(limited.answered(-1, 100, 8, 100)).toBe(8.2);
    expect(limited.answered(-1, 100, 9, 100)).toBe(9);
  });

  test('DG-3 it is done where a round was whole, and as many are open as there may be', () => {
    const ramp = rampFrom(8, null, 12);
    expect(ramp.isDone(12, 32)).toBe(false);
    const slots = round(ramp, 8, [100]);
    expect(slots).toBe(12);
    expect([11.9, 12, 30].map((open) => ramp.isDone(open, 32))).toEqual([false, true, true]);
    expect([ramp.isDone(9, 9), ramp.isDone(8.9, 9)]).toEqual([true, false]);
    ramp.answered(-1, 100, 12, 100);
    expect(ramp.isDone(12, 32)).toBe(false);
  });
});

describe('DG-3 the fastest round', () => {
  test('DG-3 is told as it was measured, and with its error', () => {
    const ramp = rampFrom(8);
    expect([ramp.fastestMs, ramp.fastestMeanMs]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    round(ramp, 8, [90, 110]);
    expect(ramp.fastestMeanMs).toBe(100);
    expect(ramp.fastestMs).toBeCloseTo(100 + Math.sqrt(100 / 8));
    // One that is faster, but with an error that is larger than that.
    round(ramp, 8, [70, 130]);
    expect(ramp.fastestMs).toBeCloseTo(100 + Math.sqrt(100 / 8));
    round(ramp, 8, [95]);
    expect([ramp.fastestMs, ramp.fastestMeanMs]).toEqual([95, 95]);
  });

  test('DG-3 is the known one at first, where its latency is one', () => {
    expect(rampFrom(8, known(120)).fastestMs).toBe(120);
    expect(rampFrom(8, known(Number.POSITIVE_INFINITY)).fastestMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('DG-3 a round of failures alone says nothing of it', () => {
    const ramp = rampFrom(8);
    for (const each of begin(ramp, 8, 8)) ramp.failed(each, 8, 100);
    expect(ramp.fastestMs).toBe(Number.POSITIVE_INFINITY);
    round(ramp, 8, [100]);
    expect(ramp.fastestMs).toBe(100);
  });
});

describe('DG-3 a round that is slow ends it', () => {
  /** After a round of 8 in flight at this latency, one of 16 at that one. */
  function slow(fastMs: number, ms: readonly number[], inFlight = 16): number {
    const ramp = rampFrom(8);
    round(ramp, 8, [fastMs]);
    return round(ramp, 16, ms, inFlight);
  }

  test('DG-3 by more than 35 % and the noise, with as many as are worked on and a few to spare', () => {
    // Half of the round is enough: 16 in flight, 8 of them worked on.
    expect(slow(100, [200])).toBe(-10);
    expect(slow(100, [140])).toBe(20);
    expect(slow(100, [141])).toBe(-14);
    expect(slow(1_000, [1_350])).toBe(20);
    expect(slow(1_000, [1_351])).toBe(-14);
  });

  test('DG-3 with other numbers it is noise', () => {
    const ramp = rampFrom(8);
    ramp.change({ latencyNoiseMs: 200 });
    round(ramp, 8, [100]);
    expect(round(ramp, 16, [200], 16)).toBe(20);
  });

  test('DG-3 beyond twice the error of both, by five answers', () => {
    // The mean is 200 and its error 60 after five of them.
    expect(slow(100, [100, 100, 100, 300, 400])).toBe(20);
    const ramp = rampFrom(8);
    round(ramp, 8, [100]);
    const calls = begin(ramp, 8, 16);
    const slots = calls.slice(0, 5).map((each) => ramp.answered(each, 300, 16, 300));
    expect(slots).toEqual([16.5, 16.5, 16.5, 16.5, -7]);
  });

  test('DG-3 only with a fifth more in flight and one: else it is slower by itself', () => {
    // 1.2 * 8 + 1 = 10.6.
    expect(slow(100, [200], 10.6)).toBe(-7);
    const ramp = rampFrom(8);
    round(ramp, 8, [100]);
    expect(round(ramp, 16, [200], 10.5)).toBe(20);
    expect(ramp.fastestMeanMs).toBe(200);
  });

  test('DG-3 not where half of the slots are not in use', () => {
    const of = (slots: number) => {
      const ramp = rampFrom(8);
      round(ramp, 8, [100]);
      return round(ramp, slots, [200], 12);
    };
    expect([of(20), of(24)]).toEqual([-7, 28]);
  });

  test('DG-3 and never with fewer than it began with, where something was known then', () => {
    const ramp = rampFrom(8, known(100));
    expect(round(ramp, 8, [1_000])).toBe(-8);
    const unknown = rampFrom(8, known(Number.POSITIVE_INFINITY), 100);
    round(unknown, 8, [100]);
    expect(round(unknown, 16, [1_000], 16)).toBe(-8);
    const nothing = rampFrom(8);
    round(nothing, 8, [100]);
    expect(round(nothing, 16, [1_000], 16)).toBe(-2);
  });
});

describe('DG-3 a round that fails more ends it', () => {
  /** So many answers, then so many failures, of one round. */
  function failing(answers: number, failures: number, share = 0): number {
    const ramp = rampFrom(100, known(100, 0, share));
    const calls = begin(ramp, 25, 100);
    let slots = 150;
    for (const each of calls.slice(0, answers)) slots = ramp.answered(each, 100, slots, 100);
    for (const each of calls.slice(answers, answers + failures)) {
      slots = ramp.failed(each, slots, 100);
      if (slots < 0) return slots;
    }
    return slots;
  }

  test('DG-3 beyond the usual by 15 of 100, and beyond chance', () => {
    // The usual is a tenth at least: 9 of 21 is 1 in 2,000, 8 of 20 1 in 700.
    expect(failing(12, 8)).toBe(156);
    expect(failing(12, 9)).toBe(-(156 / 1.5));
    // Of half as usual: 16 of 25 are within it.
    expect(failing(9, 16, 0.5)).toBe(154.5);
  });
});

describe('DG-3 calls that never end', () => {
  /** So many of eight end after 100 ms; another tells that it is so late. */
  function late(ended: number, nowMs: number, isOfRound: boolean, failures = 0): boolean {
    const ramp = rampFrom(8);
    const calls = begin(ramp, 8, 8, 1_000);
    for (const each of calls.slice(0, failures)) ramp.failed(each, 8, 1_100);
    for (const each of calls.slice(failures, ended)) ramp.answered(each, 100, 8, 1_100);
    ramp.answered(isOfRound ? (calls[ended] ?? -1) : -1, 100, 8, nowMs);
    return Number.isFinite(ramp.fastestMs);
  }

  test('DG-3 the last of eight are waited for four times as long', () => {
    expect([late(6, 1_400, true), late(6, 1_401, true)]).toEqual([false, true]);
    expect(late(5, 1_401, true)).toBe(false);
    expect(late(6, 1_401, true, 2)).toBe(true);
  });

  test('DG-3 five of eight are enough after sixteen times as long, whoever tells it', () => {
    expect([late(5, 2_600, false), late(5, 2_601, false)]).toEqual([false, true]);
    expect(late(4, 9_000, false)).toBe(false);
    expect(late(5, 2_601, false, 2)).toBe(true);
  });

  test('DG-3 a round without an answer is not over by itself', () => {
    const ramp = rampFrom(8);
    for (const each of begin(ramp, 8, 8).slice(0, 7)) ramp.failed(each, 8, 9_000);
    expect(ramp.isDone(32, 32)).toBe(false);
    expect(ramp.began(8, 9_000)).toBe(-1);
  });
});
