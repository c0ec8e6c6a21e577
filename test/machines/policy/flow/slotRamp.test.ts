import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { SlotRamp } from '../../../../machines/policy/flow/slotRamp.ts';

/** How long a call takes, and whether it fails, by the calls in flight. */
type Upstream = (inFlight: number) => { readonly ms: number; readonly isFailing?: boolean };

interface Ran {
  /** Slots at the end of each round trip. */
  readonly slots: readonly number[];
  readonly end: number | null;
}

/** Round trips with all slots in use. */
function roundTrips(ramp: SlotRamp, slots: number, trips: number, upstream: Upstream): Ran {
  const all: number[] = [];
  let nowMs = 0;
  for (let trip = 0; trip < trips; trip++) {
    const inFlight = Math.floor(slots);
    const rounds = Array.from({ length: inFlight }, () => ramp.began(inFlight, nowMs));
    const { ms, isFailing = false } = upstream(inFlight);
    nowMs += ms;
    for (const round of rounds) {
      slots = isFailing ? ramp.failed(round, slots, nowMs) : ramp.answered(round, ms, slots, nowMs);
      if (slots < 0) return { slots: all, end: -slots };
    }
    all.push(slots);
  }
  return { slots: all, end: null };
}

function rampFrom(
  slots: number,
  known?: Parameters<SlotRamp['start']>[1],
  before?: number,
): SlotRamp {
  const ramp = new SlotRamp(DEFAULT_FLOW_POLICY);
  ramp.start(slots, known ?? null, before);
  return ramp;
}

/** Workers with a queue before them: beyond 12 calls the rest waits. */
const twelveWorkers: Upstream = (inFlight) => ({ ms: 100 * Math.max(1, inFlight / 12) });

describe('DG-3 slots open with answers', () => {
  test('DG-3 half as many again with each round trip', () => {
    const { slots } = roundTrips(rampFrom(8), 8, 4, () => ({ ms: 100 }));
    expect(slots).toEqual([12, 18, 27, 40.5]);
  });

  test('DG-3 after an outage twice as many, up to those that were open before', () => {
    const ramp = new SlotRamp(DEFAULT_FLOW_POLICY);
    ramp.start(8, null, undefined, 25);
    expect(roundTrips(ramp, 8, 4, () => ({ ms: 100 })).slots).toEqual([16, 28.5, 42.5, 63.5]);
  });

  test('DG-3 where calls queue at the upstream it ends, with a few more than are worked on', () => {
    const { end } = roundTrips(rampFrom(8), 8, 20, twelveWorkers);
    expect(end).toBeGreaterThanOrEqual(12);
    expect(end).toBeLessThanOrEqual(18);
  });

  test('DG-3 an upstream that is slow by itself does not end it', () => {
    let ms = 100;
    const { end } = roundTrips(rampFrom(8), 4, 3, () => ({ ms: (ms *= 1.1) }));
    expect(end).toBeNull();
  });

  test('DG-3 more failures with more slots end it', () => {
    const known = { latencyMs: 100, inFlight: 0, failureShare: 0.1 };
    const { end } = roundTrips(rampFrom(8, known), 8, 20, (inFlight) => ({
      ms: 100,
      isFailing: inFlight > 20,
    }));
    expect(end).toBeLessThanOrEqual(27);
  });

  test('DG-3 an outage that is over opens as many as before it, and no more', () => {
    const known = { latencyMs: 100, inFlight: 0, failureShare: 0.1 };
    const ramp = rampFrom(4, known, 15);
    const { slots } = roundTrips(ramp, 4, 8, () => ({ ms: 100 }));
    expect(slots.at(-1)).toBe(15);
  });

  test('DG-3 a call that says nothing is no part of its round', () => {
    const ramp = rampFrom(8);
    const rounds = Array.from({ length: 8 }, () => ramp.began(8, 0));
    for (const round of rounds.slice(1)) ramp.answered(round, 100, 8, 100);
    expect(ramp.fastestMs).toBe(Number.POSITIVE_INFINITY);
    ramp.left(rounds[0] ?? -1);
    ramp.answered(ramp.began(8, 100), 100, 8, 200);
    expect(ramp.fastestMs).toBe(100);
  });

  test('DG-3 a round does not wait for a call that never ends', () => {
    const ramp = rampFrom(8);
    const rounds = Array.from({ length: 8 }, () => ramp.began(8, 0));
    for (const round of rounds.slice(2)) ramp.answered(round, 100, 8, 100);
    expect(ramp.fastestMs).toBe(Number.POSITIVE_INFINITY);
    ramp.answered(rounds[0] ?? -1, 100, 8, 600);
    expect(ramp.fastestMs).toBe(100);
  });

  test('DG-3 where several of a round never end, the answers of others tell that it is over', () => {
    const ramp = rampFrom(8);
    const rounds = Array.from({ length: 8 }, () => ramp.began(8, 0));
    for (const round of rounds.slice(3)) ramp.answered(round, 100, 8, 100);
    const other = ramp.began(8, 100);
    ramp.answered(other, 100, 8, 1_500);
    expect(ramp.fastestMs).toBe(Number.POSITIVE_INFINITY);
    ramp.answered(other, 100, 8, 1_700);
    expect(ramp.fastestMs).toBe(100);
  });

  test('DG-3 failures that chance makes do not end it; more do, with the slots that it began with', () => {
    const known = { latencyMs: 100, inFlight: 0, failureShare: 0.25 };
    const afterFailures = (failures: number): number => {
      const ramp = rampFrom(4, known, 16);
      const rounds = Array.from({ length: 8 }, () => ramp.began(4, 0));
      let slots = 4;
      for (const [index, round] of rounds.entries()) {
        if (slots < 0) break;
        slots =
          index < 8 - failures
            ? ramp.answered(round, 100, slots, 100)
            : ramp.failed(round, slots, 100);
      }
      return slots;
    };
    expect(afterFailures(6)).toBe(5);
    expect(afterFailures(8)).toBe(-4);
  });
});
