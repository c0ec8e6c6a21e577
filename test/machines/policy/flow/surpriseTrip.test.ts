import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { SurpriseTrip } from '../../../../machines/policy/flow/surpriseTrip.ts';
import { seededRandom } from '../../../../src/virtual/seededRandom.ts';

/** Failures in a row until it trips. */
function runToTrip(trip: SurpriseTrip): number {
  for (let run = 1; run <= 1_000; run++) {
    if (trip.failure(run)) return run;
  }
  return Number.POSITIVE_INFINITY;
}

const tripAt = (share: number): SurpriseTrip => new SurpriseTrip(DEFAULT_FLOW_POLICY, share);

describe('CB-1 a run of failures that chance does not explain', () => {
  test.each([
    [0, 5],
    [0.1, 5],
    [0.35, 11],
    [0.5, 17],
    [0.9, 110],
    [1, 110],
  ])('CB-1 where %d of the calls fail as usual, %i in a row are an outage', (share, run) => {
    expect(tripAt(share).failuresToTrip).toBe(run);
    expect(runToTrip(tripAt(share))).toBe(run);
  });

  test('CB-1 a success ends the run, and the run counts in the usual share', () => {
    const trip = tripAt(0.1);
    for (let at = 0; at < 4; at++) expect(trip.failure(at)).toBe(false);
    expect(trip.run).toBe(4);
    trip.success(4);
    expect(trip.run).toBe(0);
    expect(trip.usualFailureShare).toBeGreaterThan(0.15);
    expect(trip.usualFailureShare).toBeLessThan(0.25);
  });

  test('CB-1 the run of an outage does not count in the usual share', () => {
    const trip = tripAt(0.2);
    const run = runToTrip(trip);
    expect(run).toBe(8);
    trip.forget();
    expect([trip.run, trip.usualFailureShare]).toEqual([0, 0.2]);
  });

  test('CB-1 it knows when the run began, and doubts from halfway on', () => {
    const trip = tripAt(0.1);
    trip.success(6_000);
    trip.failure(7_000);
    trip.failure(7_100);
    expect([trip.firstFailureAtMs, trip.isDoubted]).toEqual([7_000, false]);
    trip.failure(7_200);
    expect([trip.firstFailureAtMs, trip.isDoubted]).toEqual([7_000, true]);
    expect(trip.doubt).toBeCloseTo(0.6);
    trip.success(7_300);
    expect([trip.isDoubted, trip.doubt]).toEqual([false, 0]);
  });

  test('CB-1 an upstream that gets well is soon taken for well', () => {
    const trip = tripAt(0.6);
    for (let at = 0; at < 60; at++) trip.success(100 * at);
    expect(trip.usualFailureShare).toBe(0.1);
  });

  test('CB-1 what one second teaches is bounded, however many calls end in it', () => {
    const trip = tripAt(0.9);
    for (let at = 0; at < 900; at++) trip.success(at);
    expect(trip.usualFailureShare).toBeGreaterThan(0.3);
    for (let at = 1_000; at < 5_000; at++) trip.success(at);
    expect(trip.usualFailureShare).toBe(0.1);
  });

  test('CB-1 an answer to a call of before neither ends the run nor teaches, until the run is over', () => {
    const trip = tripAt(0.3);
    const call = { beganAtMs: 1_001, inFlight: 20, begun: 20, isEarly: true };
    trip.failure(1_000);
    expect(trip.success(1_001, 999)).toBe(false);
    expect([trip.run, trip.usualFailureShare]).toEqual([1, 0.3]);
    for (let more = 1; more < 3; more++) trip.failure(1_002, { ...call, begun: 20 + more });
    expect([trip.run, trip.isDoubted]).toEqual([3, false]);
    expect(trip.success(1_003, 1_002)).toBe(true);
    // Three failures of five: the answer of before is taken with them.
    expect(trip.run).toBe(0);
    expect(trip.usualFailureShare).toBeCloseTo(0.3 * 0.97 ** 5 + 0.6 * (1 - 0.97 ** 5));
  });

  test('CB-1 random failures up to half of the calls hardly ever trip it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 50 }), fc.nat(), (percent, seed) => {
        const share = percent / 100;
        const trip = tripAt(share);
        const random = seededRandom(seed);
        let trips = 0;
        for (let at = 0; at < 400; at++) {
          if (!random.chance(share)) trip.success(at);
          else if (trip.failure(at)) {
            trips += 1;
            trip.forget();
          }
        }
        expect(trips).toBeLessThanOrEqual(2);
        expect(trip.usualFailureShare).toBeGreaterThanOrEqual(0.1);
        expect(trip.usualFailureShare).toBeLessThanOrEqual(0.9);
      }),
      { numRuns: 100 },
    );
  });
});
